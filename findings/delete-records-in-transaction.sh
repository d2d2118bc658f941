#!/usr/bin/env bash
# Apache Kafka 4.4.0, by kafka-clients 4.4.0: DeleteRecords to an offset within a batch of an open transaction.
# Guess: the end of a partition is never before its beginning, so a consumer that seeks to the end can poll.
# Seen: the log begins at the new offset, and the last stable offset at the first one of the batch, before it. A consumer at read_committed
# is told an end before the beginning, seeks there, has a lag of 0, and its next poll fails with OffsetOutOfRangeException, or, by default,
# goes where auto.offset.reset says. So it is until the transaction has ended.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >DeleteRecords.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

public class DeleteRecords {
    static final TopicPartition partition = new TopicPartition("cut", 0);

    static String seekToEnd(String servers) {
        Map<String, Object> options = Map.of("bootstrap.servers", servers, "isolation.level", "read_committed", "auto.offset.reset", "none");
        try (var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> all = List.of(partition);
            consumer.assign(all);
            String ends = "begins at " + consumer.beginningOffsets(all).get(partition) + ", ends at " + consumer.endOffsets(all).get(partition);
            consumer.seekToEnd(all);
            ends += "; at the end: position " + consumer.position(partition) + ", ";
            try {
                for (int i = 0; i < 5; i++) consumer.poll(Duration.ofMillis(200));
                return ends + "lag " + consumer.currentLag(partition).getAsLong() + ", polls";
            } catch (OffsetOutOfRangeException error) {
                return ends + "lag " + consumer.currentLag(partition).getAsLong() + ", " + error.getClass().getSimpleName();
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]));
        admin.createTopics(List.of(new NewTopic("cut", 1, (short) 1))).all().get();
        Map<String, Object> options = Map.of("bootstrap.servers", arguments[0], "transactional.id", "t", "linger.ms", 1000);
        var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        producer.beginTransaction();
        for (int i = 0; i < 10; i++) producer.send(new ProducerRecord<>("cut", "v"));
        producer.flush();
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(5))).all().get();
        System.out.println("while the transaction is open: " + seekToEnd(arguments[0]));
        producer.commitTransaction();
        String after = seekToEnd(arguments[0]);
        // The answer to a commit comes before its marker is in the log.
        for (int i = 0; i < 50 && !after.contains("ends at 11"); i++) after = seekToEnd(arguments[0]);
        System.out.println("after its commit: " + after);
        System.exit(0);
    }
}
JAVA
java -cp "$kafka_classpath" DeleteRecords.java "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
while the transaction is open: begins at 5, ends at 0; at the end: position 0, lag 0, OffsetOutOfRangeException
after its commit: begins at 5, ends at 11; at the end: position 11, lag 0, polls
EXPECTED
