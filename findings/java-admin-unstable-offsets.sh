#!/usr/bin/env bash
# kafka-clients 4.4.0 (Java) on Apache Kafka 4.4.0: a group with a committed offset, and another one that waits for its transaction.
# Guess: an administrator who asks for stable offsets (requireStable(true)) is answered once they are stable, or with an error, as a consumer
# at read_committed is, who waits and then has a TimeoutException.
# Seen: the partition is missing in the answer, as one is that was never committed, and nothing is thrown; a line in the log of the client is
# all. So a tool that begins where a group stands, and is careful to ask for stable offsets, begins at the start of the log.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >Unstable.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.*;

public class Unstable {
    static final TopicPartition partition = new TopicPartition("in", 0);
    static Admin admin;

    static String byAdmin(boolean requireStable) throws Exception {
        var ofPartition = Map.of("group", new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(partition)));
        var options = new ListConsumerGroupOffsetsOptions().requireStable(requireStable);
        var offsets = admin.listConsumerGroupOffsets(ofPartition, options).partitionsToOffsetAndMetadata("group").get();
        return offsets.get(partition) == null ? "no offset" : "offset " + offsets.get(partition).offset();
    }

    static String byConsumer(String servers) {
        Map<String, Object> options = Map.of("bootstrap.servers", servers, "group.id", "group", "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
            return "offset " + consumer.committed(Set.of(partition), Duration.ofSeconds(5)).get(partition).offset();
        } catch (TimeoutException error) {
            return error.getClass().getSimpleName();
        }
    }

    static void tell(String when, String servers) throws Exception {
        System.out.println(when + ": administrator " + byAdmin(false) + ", for stable ones " + byAdmin(true) + "; consumer " + byConsumer(servers));
    }

    public static void main(String[] arguments) throws Exception {
        String servers = arguments[0];
        admin = Admin.create(Map.of("bootstrap.servers", servers));
        admin.createTopics(List.of(new NewTopic("in", 1, (short) 1))).all().get();
        admin.alterConsumerGroupOffsets("group", Map.of(partition, new OffsetAndMetadata(5))).all().get();
        Map<String, Object> options = Map.of("bootstrap.servers", servers, "transactional.id", "t");
        var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        tell("before the transaction", servers);
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(8)), new ConsumerGroupMetadata("group"));
        tell("while it is open", servers);
        producer.commitTransaction();
        // The answer to a commit comes before its markers are written.
        while (admin.describeTransactions(List.of("t")).description("t").get().state() != TransactionState.COMPLETE_COMMIT) Thread.sleep(20);
        tell("after its commit", servers);
        System.exit(0);
    }
}
JAVA
java -cp "$kafka_classpath" Unstable.java "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
before the transaction: administrator offset 5, for stable ones offset 5; consumer offset 5
while it is open: administrator offset 5, for stable ones no offset; consumer TimeoutException
after its commit: administrator offset 8, for stable ones offset 8; consumer offset 8
EXPECTED
