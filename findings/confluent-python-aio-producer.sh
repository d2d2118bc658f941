#!/usr/bin/env bash
# confluent-kafka 2.16.1 (Python), its AIOProducer, on Apache Kafka 4.4.0.
# Guess: `produce(topic, value, key, *args, **kwargs)` of AIOProducer, "*args, **kwargs: Additional parameters like partition, timestamp,
# headers", takes what Producer.produce takes: the partition in the fourth place, and a timestamp by name.
# Seen: what stands in the fourth place and after it is dropped without an error, so records go elsewhere; so is `on_delivery`, which is never
# called. A timestamp is refused when a batch is sent, in whose call that happens to be: the messages that are with it fail as well, are tried
# again with each further call, and nothing is sent by this producer any more.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat >run.py <<'PY'
import asyncio
import sys
import time

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.aio import AIOProducer

servers = {'bootstrap.servers': sys.argv[1]}
# The key goes to partition 1 by itself.
admin = AdminClient(servers)
admin.create_topics([NewTopic('orders', 3)])['orders'].result()


def told(error):
    return 'sent' if error is None else f'{type(error).__name__}: {error}'


async def main():
    called = []
    on_delivery = lambda error, message: called.append(message)
    with_all = Producer(servers)
    with_all.produce('orders', 'v', 'k', 2, on_delivery)
    with_all.flush()
    print('Producer, by position: partition', called[0].partition())

    producer = AIOProducer(servers)
    delivered = await producer.produce('orders', 'v', 'k', 2)
    await producer.flush()
    print('AIOProducer, by position: partition', (await delivered).partition())
    delivered = await producer.produce('orders', 'v', 'k', partition=2, on_delivery=on_delivery)
    await producer.flush()
    print('AIOProducer, by name: partition', (await delivered).partition(), 'and on_delivery was called', len(called) - 1, 'times')
    await producer.close()

    producer = AIOProducer(servers, batch_size=2)
    deliveries = []
    for value, more in (('1', {'timestamp': 1_000_000_000_000}), ('2', {}), ('3', {}), ('4', {})):
        error = None
        try:
            deliveries.append(await producer.produce('orders', value, 'k', **more))
        except NotImplementedError as caught:
            error = caught
        print(f'AIOProducer, message {value} {"with" if more else "without"} a timestamp:', 'accepted' if error is None else told(error))
    await asyncio.sleep(0)
    for delivery in deliveries:
        print('AIOProducer, delivery of an accepted one:', told(delivery.exception()) if delivery.done() else 'unknown')


asyncio.run(main())
PY
python/bin/python run.py "$kafka_server" 2>errors.txt | tee output.txt
diff output.txt - <<'EXPECTED'
Producer, by position: partition 2
AIOProducer, by position: partition 1
AIOProducer, by name: partition 2 and on_delivery was called 0 times
AIOProducer, message 1 with a timestamp: accepted
AIOProducer, message 2 without a timestamp: NotImplementedError: Message timestamps are not currently supported in batch mode
AIOProducer, message 3 without a timestamp: NotImplementedError: Message timestamps are not currently supported in batch mode
AIOProducer, message 4 without a timestamp: NotImplementedError: Message timestamps are not currently supported in batch mode
AIOProducer, delivery of an accepted one: NotImplementedError: Message timestamps are not currently supported in batch mode
EXPECTED
