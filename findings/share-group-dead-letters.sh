#!/usr/bin/env bash
# kafka-clients 4.4.0 (Java) on Apache Kafka 4.4.0: a share group with a dead letter queue (KIP-1191), which copies records.
# Guess: with `errors.deadletterqueue.copy.record.enable` the broker copies "the original record" there, and adds headers that say why.
# Seen: of the record its key and value are copied. Its headers are not, among them the content type, the id of a schema and the context of a
# trace, nor is its time: the dead letter has that of the rejection. Whoever needs them has to read the source at the offset that it names, as
# long as that is there.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >Reject.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

public class Reject {
    static final long time = 1_700_000_000_000L;

    static String tell(String topic, ConsumerRecord<String, String> record) {
        var names = new ArrayList<String>();
        record.headers().forEach(header -> names.add(header.key()));
        return topic + ": " + record.key() + " " + record.value() + ", " + (record.timestamp() == time ? "its time" : "another time") + ", headers " + names;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> options = Map.of("bootstrap.servers", arguments[0]);
        try (var admin = Admin.create(options)) {
            var deadLetters = new NewTopic("dlq.orders", 1, (short) 1).configs(Map.of("errors.deadletterqueue.group.enable", "true"));
            admin.createTopics(List.of(new NewTopic("orders", 1, (short) 1), deadLetters)).all().get();
            var group = Map.of("share.auto.offset.reset", "earliest", "errors.deadletterqueue.topic.name", "dlq.orders", "errors.deadletterqueue.copy.record.enable", "true");
            var changes = group.entrySet().stream().map(entry -> new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET)).toList();
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, "group"), changes)).all().get();
        }
        try (var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer())) {
            var record = new ProducerRecord<>("orders", 0, time, "o-1", "1250");
            record.headers().add("content-type", "text/plain".getBytes()).add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".getBytes());
            producer.send(record).get();
        }
        Map<String, Object> ofGroup = Map.of("bootstrap.servers", arguments[0], "group.id", "group", "share.acknowledgement.mode", "explicit");
        try (var consumer = new KafkaShareConsumer<>(ofGroup, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of("orders"));
            int rejected = 0;
            while (rejected == 0)
                for (var record : consumer.poll(Duration.ofMillis(100))) {
                    System.out.println(tell("orders", record));
                    consumer.acknowledge(record, AcknowledgeType.REJECT);
                    rejected++;
                }
            consumer.commitSync();
        }
        try (var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
            var partitions = List.of(new TopicPartition("dlq.orders", 0));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (consumer.position(partitions.get(0)) == 0)
                for (var record : consumer.poll(Duration.ofMillis(100))) System.out.println(tell("dlq.orders", record));
        }
    }
}
JAVA
java -cp "$kafka_classpath" Reject.java "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
orders: o-1 1250, its time, headers [content-type, traceparent]
dlq.orders: o-1 1250, another time, headers [__dlq.errors.topic, __dlq.errors.partition, __dlq.errors.offset, __dlq.errors.group, __dlq.errors.delivery.count, __dlq.errors.message]
EXPECTED
