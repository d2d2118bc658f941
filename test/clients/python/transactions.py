"""What the tests have librdkafka do with transactions; each experiment prints what it saw as lines of name=value."""

import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

bootstrap_servers = sys.argv[1]
SECONDS = 20


def main():
    transactions()
    offsets_in_transactions()
    fencing()


def transactions():
    """Commits, aborts and commits again."""
    producer = transactional_producer("decider")
    for value in ["kept", "dropped", "kept too"]:
        producer.begin_transaction()
        producer.produce("decided", value)
        if value == "dropped":
            producer.flush(SECONDS)
            producer.abort_transaction(SECONDS)
        else:
            producer.commit_transaction(SECONDS)
    for isolation, count in [("read_committed", 2), ("read_uncommitted", 3)]:
        consumer = group_member(isolation, "decided", isolation)
        report(isolation, values(read(consumer, count)))
        consumer.close()


def offsets_in_transactions():
    """Moves records as part of a group: offsets and output in one transaction, of which the second is aborted."""
    source = Producer({"bootstrap.servers": bootstrap_servers})
    for value in ["a", "b"]:
        source.produce("in", value)
    source.flush(SECONDS)

    producer = transactional_producer("mover")
    consumer = group_member("movers", "in")
    for message in read(consumer, 2):
        producer.begin_transaction()
        producer.produce("out", message.value())
        next_offsets = [TopicPartition("in", 0, message.offset() + 1)]
        producer.send_offsets_to_transaction(next_offsets, consumer.consumer_group_metadata(), SECONDS)
        if message.value() == b"a":
            producer.commit_transaction(SECONDS)
        else:
            producer.abort_transaction(SECONDS)
    [committed] = consumer.committed([TopicPartition("in", 0)], SECONDS)
    report("moved offset", [committed.offset])
    consumer.close()

    successor = group_member("movers", "in")
    report("left to move", values(read(successor, 1)))
    successor.close()
    reader = group_member("out-readers", "out")
    report("moved", values(read(reader, 1)))
    reader.close()


def fencing():
    """Lets a second owner of a transactional id fence the first."""
    first = transactional_producer("owner")
    first.begin_transaction()
    first.produce("owned", "left open")
    first.flush(SECONDS)
    second = transactional_producer("owner")
    try:
        first.commit_transaction(SECONDS)
        report("fenced", ["no"])
    except KafkaException as failure:
        error = failure.args[0]
        report("fenced", [error.name(), "fatal" if error.fatal() else "not fatal"])
    second.begin_transaction()
    second.produce("owned", "by the second")
    second.commit_transaction(SECONDS)
    consumer = group_member("owned-readers", "owned")
    report("owned", values(read(consumer, 1)))
    consumer.close()


def transactional_producer(transactional_id):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": transactional_id, "linger.ms": 0})
    producer.init_transactions(SECONDS)
    return producer


def group_member(group_id, topic, isolation="read_committed"):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group_id,
            "isolation.level": isolation,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 20,
        }
    )
    consumer.subscribe([topic])
    return consumer


def read(consumer, count):
    """Waits for at least so many messages."""
    messages = []
    deadline = time.monotonic() + SECONDS
    while len(messages) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(messages)} of {count} messages came")
        messages += consumer.consume(100, 0.05)
    for message in messages:
        if message.error():
            raise KafkaException(message.error())
    return messages


def values(messages):
    return [message.value().decode() for message in messages]


def report(name, seen):
    print(f"{name}={','.join(sorted(map(str, seen)))}")


main()
