#!/usr/bin/env bash
# Apache Kafka 4.4.0, by kafka-clients 4.4.0: offsets by time at read_committed, on a topic that is written in transactions.
# Guess: offsetsForTimes tells the first record of that time or later that this consumer can get, and null after the last one.
# Seen: it tells the offset and time of a record that was aborted, and of the marker that ended a transaction, whose time is that of the
# commit, whatever times the records have. So of records that are all of 2001 it says that there are some of 2020, and null, by which one
# knows that there is nothing newer, does not come. The greatest timestamp is the marker's too.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >Times.java <<'JAVA'
import java.time.*;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

public class Times {
    static final TopicPartition partition = new TopicPartition("times", 0);

    static long inYear(int year) {
        return LocalDate.of(year, 1, 1).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    }

    static String told(long offset, long timestamp) {
        int year = Instant.ofEpochMilli(timestamp).atZone(ZoneOffset.UTC).getYear();
        return "offset " + offset + " of " + (year > 2020 ? "now" : year);
    }

    public static void main(String[] arguments) throws Exception {
        Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]));
        // The records are older than retention.ms, by default.
        var topic = new NewTopic("times", 1, (short) 1).configs(Map.of("retention.ms", "-1"));
        admin.createTopics(List.of(topic)).all().get();
        Map<String, Object> options = Map.of("bootstrap.servers", arguments[0], "transactional.id", "t");
        var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("times", 0, inYear(2001), "k", "aborted")).get();
        producer.abortTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("times", 0, inYear(2001), "k", "committed")).get();
        producer.commitTransaction();

        options = Map.of("bootstrap.servers", arguments[0], "isolation.level", "read_committed");
        var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        List<String> records = new ArrayList<>();
        // The answer to a commit comes before its marker is in the log.
        while (consumer.position(partition) < 4)
            for (var record : consumer.poll(Duration.ofMillis(100))) records.add(told(record.offset(), record.timestamp()));
        System.out.println("the records: " + String.join(", ", records));
        for (int year : List.of(2000, 2020)) {
            var found = consumer.offsetsForTimes(Map.of(partition, inYear(year))).get(partition);
            System.out.println("first from " + year + " on: " + (found == null ? "none" : told(found.offset(), found.timestamp())));
        }
        var greatest = admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp()), new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
            .partitionResult(partition).get();
        System.out.println("greatest timestamp: " + told(greatest.offset(), greatest.timestamp()));
        System.exit(0);
    }
}
JAVA
java -cp "$kafka_classpath" Times.java "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
the records: offset 2 of 2001
first from 2000 on: offset 0 of 2001
first from 2020 on: offset 1 of now
greatest timestamp: offset 3 of now
EXPECTED
