"""Topics whose values are JSON."""

import json
import os

import bytewax.connectors.kafka.operators as kop
import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream, Stream

BROKERS = [os.environ["BROKERS"]]


def messages(flow: Dataflow, topic: str) -> Stream:
    read = kop.input(topic.replace(".", "-"), flow, brokers=BROKERS, topics=[topic])
    op.raises(f"{topic.replace('.', '-')}-errors", read.errs)
    return read.oks


def values(flow: Dataflow, topic: str) -> Stream:
    return op.map(f"{topic}-json", messages(flow, topic), lambda message: json.loads(message.value))


def keyed(name: str, up: Stream, key, side) -> KeyedStream:
    """Parts as (key, (side, part)); whatever has no key is left out."""

    def part_of(value):
        found = key(value)
        return (found, side(value)) if isinstance(found, str) else None

    return op.filter_map(f"{name}-key", up, part_of)


def write(name: str, up: KeyedStream, topic: str, form=lambda row: row, headers=lambda row: []) -> None:
    def message_of(row):
        key, value = form(row)
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return KafkaSinkMessage(key.encode(), text.encode(), headers=headers(row))

    kop.output(name, op.map(f"{name}-json", up, message_of), brokers=BROKERS, topic=topic)
