#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 beside kafkajs 2.2.4, on Apache Kafka 4.4.0.
# Guess: on a topic with message.timestamp.type=LogAppendTime every consumer tells the time of the append, as the broker stores it.
# Seen: the broker leaves the producer's base timestamp and deltas in the batch, sets attribute bit 3 and maxTimestamp, and clients apply them.
# @platformatic/kafka adds base and delta without a look at the bit: its consumer tells the producer's time, here 2017 instead of now.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init -y >/dev/null
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1 kafkajs@2.2.4
cat >run.mjs <<'JS'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const brokers = [process.argv[2]]
const configs = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
const admin = new Admin({ clientId: 'admin', bootstrapBrokers: brokers })
await admin.createTopics({ topics: ['appended'], partitions: 1, replicas: 1, configs })
await admin.close()

const sentMs = Date.parse('2017-07-14T02:40:00Z')
const producer = new Producer({ clientId: 'producer', bootstrapBrokers: brokers, serializers: stringSerializers })
await producer.send({ messages: [{ topic: 'appended', key: 'k', value: 'v', timestamp: BigInt(sentMs) }], acks: 1 })
await producer.close()

const tell = (client, timestamp) =>
  console.log(client, Number(timestamp) === sentMs ? "tells the producer's time" : "tells the broker's time")

const consumer = new Consumer({ clientId: 'c', groupId: 'a', bootstrapBrokers: brokers, deserializers: stringDeserializers })
const stream = await consumer.consume({ topics: ['appended'], mode: 'earliest', autocommit: false })
for await (const { timestamp } of stream) {
  tell('@platformatic/kafka', timestamp)
  break
}
await consumer.close(true)

const other = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).consumer({ groupId: 'b' })
await other.connect()
await other.subscribe({ topic: 'appended', fromBeginning: true })
await new Promise((resolve) =>
  other.run({ eachMessage: async ({ message }) => resolve(tell('kafkajs', message.timestamp)) }),
)
await other.disconnect()
JS
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
@platformatic/kafka tells the producer's time
kafkajs tells the broker's time
EXPECTED
