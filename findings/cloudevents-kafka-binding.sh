#!/usr/bin/env bash
# cloudevents 10.0.0 (JavaScript SDK) and kafkajs 2.2.4 on Apache Kafka 4.4.0.
# Guess: what `Kafka.binary(event)` returns can be sent with the most used Kafka client, and `Kafka.toEvent(message)` reads what it receives.
# Seen: kafkajs refuses the value, which is the data object itself, not bytes or text; with the value as text it refuses the headers,
# of which six are `undefined`. What has been sent after both are mended comes back with headers as Buffers, and `Kafka.toEvent` throws on
# the content type, for the binary and the structured form alike; with headers and value turned into text it reads both.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init -y >/dev/null
npm install --silent --no-audit --no-fund cloudevents@10.0.0 kafkajs@2.2.4
cat >run.mjs <<'JS'
import { CloudEvent, Kafka as Binding } from 'cloudevents'
import kafkajs from 'kafkajs'

const kafka = new kafkajs.Kafka({ brokers: [process.argv[2]], logLevel: kafkajs.logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 1, replicationFactor: 1 }] })
await admin.disconnect()

const type = { id: '1', source: '/orders', type: 'order.created', datacontenttype: 'application/json' }
const event = new CloudEvent({ ...type, data: { total: 17 } })
const binary = Binding.binary(event)
const withText = { ...binary, value: JSON.stringify(binary.value) }
const headers = Object.fromEntries(Object.entries(withText.headers).filter(([, value]) => value !== undefined))
const producer = kafka.producer()
await producer.connect()
const send = (message) =>
  producer.send({ topic: 'events', messages: [message] }).then(
    () => 'sent',
    (error) => `${error.name}: ${error.message}`,
  )
console.log('binary as returned:', await send(binary))
console.log('binary, value as text:', await send(withText))
console.log('binary, value as text, no undefined headers:', await send({ ...withText, headers }))
console.log('structured as returned:', await send(Binding.structured(event)))
await producer.disconnect()

const consumer = kafka.consumer({ groupId: 'reader' })
await consumer.connect()
await consumer.subscribe({ topic: 'events', fromBeginning: true })
const received = []
await new Promise((resolve) =>
  consumer.run({ eachMessage: async ({ message }) => void (received.push(message) === 2 && resolve()) }),
)
await consumer.disconnect()
const read = (message) => {
  try {
    return JSON.stringify(Binding.toEvent(message).data)
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
}
const asText = ({ headers, value, ...message }) => ({
  ...message,
  value: value.toString(),
  headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, header.toString()])),
})
for (const [index, form] of ['binary', 'structured'].entries()) {
  console.log(`${form} as received:`, read(received[index]))
  console.log(`${form}, headers and value as text:`, read(asText(received[index])))
}
JS
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
binary as returned: TypeError: The "string" argument must be of type string or an instance of Buffer or ArrayBuffer. Received an instance of Object
binary, value as text: TypeError: The "string" argument must be of type string or an instance of Buffer or ArrayBuffer. Received undefined
binary, value as text, no undefined headers: sent
structured as returned: sent
binary as received: TypeError: contentType.startsWith is not a function
binary, headers and value as text: {"total":17}
structured as received: TypeError: headers[__1.CONSTANTS.HEADER_CONTENT_TYPE]?.startsWith is not a function
structured, headers and value as text: {"total":17}
EXPECTED
