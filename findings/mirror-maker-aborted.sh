#!/usr/bin/env bash
# MirrorMaker 2 (connect-mirror 4.3.1), in dedicated mode, on Apache Kafka 4.3.1, which is both its clusters.
# Guess: the mirror of a topic has what was committed there, at the latest with `exactly.once.source.support` enabled.
# Seen: it reads at read_uncommitted unless it is told otherwise, and writes what was aborted as records like any other, which no reader can
# tell from the rest, whatever its isolation level. Exactly once, which writes them in transactions that commit, makes no difference, and
# it starts so without an error. What helps is `consumer.isolation.level=read_committed` of the source's name.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.3.1

mkdir mirror
cat >mirror/pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>mirror</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>connect-mirror</artifactId><version>4.3.1</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B -f mirror/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/mirror/jars"
cat >Sink.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

public class Sink {
    static String servers;

    static void write(String topic) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
        Map<String, Object> options = Map.of("bootstrap.servers", servers, "transactional.id", topic);
        try (var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            for (String value : List.of("committed", "aborted", "committed", "aborted", "last")) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(topic, value)).get();
                if (value.equals("aborted")) producer.abortTransaction();
                else producer.commitTransaction();
            }
        }
    }

    static void read(String topic) throws Exception {
        Map<String, Object> options = Map.of("bootstrap.servers", servers, "isolation.level", "read_committed", "allow.auto.create.topics", "false");
        try (var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
            while (!consumer.listTopics().containsKey(topic)) Thread.sleep(500);
            var partitions = List.of(new TopicPartition(topic, 0));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var seen = new ArrayList<String>();
            while (!seen.contains("last"))
                for (var record : consumer.poll(Duration.ofMillis(200))) seen.add(record.value());
            long end = consumer.endOffsets(partitions).get(partitions.get(0));
            System.out.println(topic + ": " + String.join(", ", seen) + (end > seen.size() ? ", written in transactions" : ""));
        }
    }

    public static void main(String[] arguments) throws Exception {
        servers = arguments[0];
        if (arguments[1].equals("write")) write(arguments[2]);
        else read(arguments[2]);
    }
}
JAVA

# Writes a topic of the given name, and tells what is in its mirror with the further properties.
mirror() {
  local topic=$1 mirror_pid
  shift
  java -cp "$kafka_classpath" Sink.java "$kafka_server" write "$topic" 2>>errors.txt
  cat >"$topic.properties" <<PROPERTIES
clusters=of,copy-$topic
of.bootstrap.servers=$kafka_server
copy-$topic.bootstrap.servers=$kafka_server
of->copy-$topic.enabled=true
of->copy-$topic.topics=$topic
replication.factor=1
offset-syncs.topic.replication.factor=1
checkpoints.topic.replication.factor=1
heartbeats.topic.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
config.storage.replication.factor=1
PROPERTIES
  printf '%s\n' "$@" >>"$topic.properties"
  java -Xmx400m -cp "$PWD/mirror/jars/*" org.apache.kafka.connect.mirror.MirrorMaker "$topic.properties" >"$topic.log" 2>&1 &
  mirror_pid=$!
  timeout 120 java -cp "$kafka_classpath" Sink.java "$kafka_server" read "of.$topic" 2>>errors.txt || true
  kill "$mirror_pid"
  wait "$mirror_pid" || true
}
{
  timeout 60 java -cp "$kafka_classpath" Sink.java "$kafka_server" write sink 2>>errors.txt
  timeout 60 java -cp "$kafka_classpath" Sink.java "$kafka_server" read sink 2>>errors.txt
  mirror by-default
  mirror exactly-once copy-exactly-once.exactly.once.source.support=enabled dedicated.mode.enable.internal.rest=true \
    "listeners=http://127.0.0.1:$(free_port)"
  mirror committed of.consumer.isolation.level=read_committed
} | tee output.txt
diff output.txt - <<'EXPECTED'
sink: committed, committed, last, written in transactions
of.by-default: committed, aborted, committed, aborted, last
of.exactly-once: committed, aborted, committed, aborted, last, written in transactions
of.committed: committed, committed, last
EXPECTED
