#!/usr/bin/env bash
# quixstreams 3.28.1 (Python) on Apache Kafka 4.4.0: an inner join_interval of orders and payments, ten minutes backward and forward.
# Guess: two records that are within the interval are joined, whichever comes first: the documentation says that each record of either side
# looks for those of the other within the interval, and that records are kept for `grace_ms`, an hour here.
# Seen: each looks for what is as old as itself or older, never for what is newer. So a pair is joined if its later record comes last, and is
# lost without an error if it comes first, as that of a producer that was offline, or of a clock that is a second ahead. Both are stored.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

python3.11 -m venv python
python/bin/pip install --quiet --disable-pip-version-check quixstreams==3.28.1
cat >join.py <<'PY'
import queue
import sys
import threading

from confluent_kafka import Producer
from quixstreams import Application

server = sys.argv[1]
app = Application(broker_address=server, consumer_group='join', auto_offset_reset='earliest', state_dir='state', loglevel='ERROR')
orders = app.dataframe(app.topic('orders', value_deserializer='json', key_deserializer='str'))
payments = app.dataframe(app.topic('payments', value_deserializer='json', key_deserializer='str'))
arrived = queue.Queue()
joined = set()
orders.update(lambda value: arrived.put(value))
payments.update(lambda value: arrived.put(value))
minutes = 60_000
pairs = orders.join_interval(payments, grace_ms=60 * minutes, backward_ms=10 * minutes, forward_ms=10 * minutes)
pairs.update(lambda value, key, time, headers: joined.add(key), metadata=True)

cases = {
    'an order, then a payment of a minute later': (('orders', 0), ('payments', 1)),
    'a payment, then an order of a minute later': (('payments', 0), ('orders', 1)),
    'an order, then a payment of the same time': (('orders', 0), ('payments', 0)),
    'an order, then a payment of a minute before': (('orders', 1), ('payments', 0)),
    'a payment, then an order of a minute before': (('payments', 1), ('orders', 0)),
    'again an order, then a payment of a minute later': (('orders', 0), ('payments', 1)),
}


def feed():
    producer = Producer({'bootstrap.servers': server})
    for title, pair in cases.items():
        for topic, minute in pair:
            time = 1_780_000_000_000 + minute * minutes
            producer.produce(topic, key=title, value='{"%s":"%s"}' % (topic, title), timestamp=time)
            producer.flush()
            # The other side is written once this one has been taken in.
            arrived.get(timeout=60)
    app.stop()


threading.Thread(target=feed, daemon=True).start()
app.run()
for title in cases:
    print(f'{title}: {"joined" if title in joined else "lost"}')
PY
python/bin/python join.py "$kafka_server" 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
an order, then a payment of a minute later: joined
a payment, then an order of a minute later: joined
an order, then a payment of the same time: joined
an order, then a payment of a minute before: lost
a payment, then an order of a minute before: lost
again an order, then a payment of a minute later: joined
EXPECTED
