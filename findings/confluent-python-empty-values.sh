#!/usr/bin/env bash
# confluent-kafka 2.16.1 (Python, librdkafka) on Apache Kafka 4.4.0.
# Guess: `message = consumer.poll(1)` is true where there is a message, so `if not message: continue` passes over nothing but its absence.
# Seen: a Message has the length of its value, and Python takes what has length 0 for false: tombstones and empty values are passed over, and
# their offsets are committed with the others. `if message is None` finds them. kafka-python 3.0.12 gives the same records as true.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check confluent-kafka==2.16.1 kafka-python==3.0.12
cat >run.py <<'PY'
import sys
from confluent_kafka import Consumer, Producer
from kafka import KafkaConsumer

servers = sys.argv[1]
producer = Producer({'bootstrap.servers': servers})
for key, value in (('value', 'v'), ('tombstone', None), ('empty', ''), ('last', 'v')):
    producer.produce('accounts', key=key, value=value)
    producer.flush()


def read(group, passes_over):
    consumer = Consumer({'bootstrap.servers': servers, 'group.id': group, 'auto.offset.reset': 'earliest'})
    consumer.subscribe(['accounts'])
    seen = []
    while 'last' not in seen:
        message = consumer.poll(1)
        if passes_over(message):
            continue
        if not message.error():
            seen.append(message.key().decode())
    committed = consumer.commit(asynchronous=False)[0].offset
    consumer.close()
    return f'{", ".join(seen)}; committed {committed} of 4'


print('if not message:', read('truth', lambda message: not message))
print('if message is None:', read('none', lambda message: message is None))
consumer = KafkaConsumer('accounts', bootstrap_servers=servers, group_id='other', auto_offset_reset='earliest')
seen = []
while len(seen) < 4:
    for messages in consumer.poll(1000).values():
        seen += [message.key.decode() for message in messages if message]
print('kafka-python, if message:', ', '.join(seen))
PY
python/bin/python run.py "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
if not message: value, last; committed 4 of 4
if message is None: value, tombstone, empty, last; committed 4 of 4
kafka-python, if message: value, tombstone, empty, last
EXPECTED
