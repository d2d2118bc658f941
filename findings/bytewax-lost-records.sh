#!/usr/bin/env bash
# bytewax 0.21.1 with confluent-kafka 2.16.1 (Python, librdkafka) on Apache Kafka 4.4.0.
# Guess: "Can support at-least-once processing", as KafkaSink says of itself: what a broker refuses ends the dataflow, or is sent again.
# Seen: of three records for a topic with max.message.bytes=1000 the one of 2,000 bytes is refused (MSG_SIZE_TOO_LARGE); it is lost without an
# error, the dataflow ends with exit code 0, and its recovery store says that all was done. The sink has no delivery callback and does not
# look at what flush() leaves. The `partition` of a KafkaSinkMessage is not passed on either: all three are for partition 0, and lie where
# the hash of their keys puts them, in partition 1.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

python3.11 -m venv python
python/bin/pip install --quiet --disable-pip-version-check bytewax==0.21.1 confluent-kafka==2.16.1
cat >topics.py <<'PY'
import sys
from confluent_kafka.admin import AdminClient, NewTopic

topic = NewTopic('small', num_partitions=2, replication_factor=1, config={'max.message.bytes': '1000'})
admin = AdminClient({'bootstrap.servers': sys.argv[1]})
admin.create_topics([topic])['small'].result()
PY
python/bin/python topics.py "$kafka_server"
cat >flow.py <<'PY'
import os

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource

flow = Dataflow('lost')
values = op.input('in', flow, TestingSource([('a', 10), ('b', 2_000), ('c', 10)]))
records = op.map('record', values, lambda each: KafkaSinkMessage(each[0].encode(), b'x' * each[1], partition=0))
op.output('out', records, KafkaSink([os.environ['BROKERS']], 'small'))
PY
mkdir store
python/bin/python -m bytewax.recovery store 1
BROKERS=$kafka_server python/bin/python -m bytewax.run flow:flow -r store -s 1 -b 0
echo "exit code $?" >output.txt
# Once more with what the store has: nothing is left to do.
BROKERS=$kafka_server python/bin/python -m bytewax.run flow:flow -r store -s 1 -b 0
cat >read.py <<'PY'
import sys
from confluent_kafka import Consumer, TopicPartition

consumer = Consumer({'bootstrap.servers': sys.argv[1], 'group.id': 'reader'})
for partition in (0, 1):
    _, end = consumer.get_watermark_offsets(TopicPartition('small', partition))
    consumer.assign([TopicPartition('small', partition, 0)])
    keys = [consumer.poll(10).key().decode() for _ in range(end)]
    print(f'partition {partition}: {", ".join(keys) or "none"}')
PY
python/bin/python read.py "$kafka_server" >>output.txt
cat output.txt
diff output.txt - <<'EXPECTED'
exit code 0
partition 0: none
partition 1: a, c
EXPECTED
