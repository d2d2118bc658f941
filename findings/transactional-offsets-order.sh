#!/usr/bin/env bash
# Apache Kafka 4.4.0, by kafka-clients 4.4.0: offsets of one group committed within transactions and beside them.
# Guess: offsets within a transaction are committed when it commits, so whoever commits last has said where the group stands.
# Seen: what counts is when the offsets were sent, not when they were committed. What another transaction, a consumer or an operator commits
# after they were sent stays, and the transaction that commits last commits without an error and without its offsets: its records are there
# a second time once the group reads on. Likewise a group can be deleted meanwhile, and the commit leaves nothing behind.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >OffsetsOrder.java <<'JAVA'
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

public class OffsetsOrder {
    static final TopicPartition partition = new TopicPartition("in", 0);
    static String servers;
    static Admin admin;

    static KafkaProducer<String, String> producer(String id) {
        Map<String, Object> options = Map.of("bootstrap.servers", servers, "transactional.id", id);
        var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        return producer;
    }

    static Map<TopicPartition, OffsetAndMetadata> offset(long offset) {
        return Map.of(partition, new OffsetAndMetadata(offset));
    }

    static void begin(KafkaProducer<String, String> producer, String group, long offset) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("out", "merged"));
        producer.sendOffsetsToTransaction(offset(offset), new ConsumerGroupMetadata(group));
    }

    /** Commits, and tells what the group has once the broker has applied it. */
    static void commit(String id, KafkaProducer<String, String> producer, String group, String what) throws Exception {
        producer.commitTransaction();
        // The answer to a commit comes before its markers are written.
        while (admin.describeTransactions(List.of(id)).description(id).get().state() != TransactionState.COMPLETE_COMMIT) Thread.sleep(20);
        var offset = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition);
        System.out.println(what + ": committed without an error, the group is at " + (offset == null ? "no offset" : offset.offset()));
    }

    public static void main(String[] arguments) throws Exception {
        servers = arguments[0];
        admin = Admin.create(Map.of("bootstrap.servers", servers));
        admin.createTopics(List.of(new NewTopic("in", 1, (short) 1), new NewTopic("out", 1, (short) 1))).all().get();
        var one = producer("one");
        var other = producer("other");

        begin(one, "alone", 100);
        commit("one", one, "alone", "100 in a transaction, nothing beside it");

        begin(one, "reset", 100);
        admin.alterConsumerGroupOffsets("reset", offset(5)).all().get();
        commit("one", one, "reset", "100 in a transaction, 5 by an operator before it commits");

        begin(one, "two", 100);
        begin(other, "two", 50);
        commit("other", other, "two", "100 in a transaction, then 50 in another, which commits first");
        commit("one", one, "two", "and the one of 100 commits");

        begin(one, "deleted", 100);
        admin.deleteConsumerGroups(List.of("deleted")).all().get();
        commit("one", one, "deleted", "100 in a transaction, the group deleted before it commits");
        System.exit(0);
    }
}
JAVA
java -cp "$kafka_classpath" OffsetsOrder.java "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
100 in a transaction, nothing beside it: committed without an error, the group is at 100
100 in a transaction, 5 by an operator before it commits: committed without an error, the group is at 5
100 in a transaction, then 50 in another, which commits first: committed without an error, the group is at 50
and the one of 100 commits: committed without an error, the group is at 50
100 in a transaction, the group deleted before it commits: committed without an error, the group is at no offset
EXPECTED
