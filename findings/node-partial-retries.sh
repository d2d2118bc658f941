#!/usr/bin/env bash
# kafkajs 2.2.4 and @platformatic/kafka 2.12.1 on Apache Kafka 4.4.0: two messages in one call, to a topic that takes its one, and to one
# whose replicas are not in sync, which a broker refuses until they are (NOT_ENOUGH_REPLICAS).
# Guess: what is sent again is what was refused.
# Seen: both send all again that was for the same broker. With five retries the message that was taken at once is there six times. So one
# partition that is refused for a while, as in a rolling restart, brings duplicates to all others of the same call. With `idempotent: true`
# it is there once.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
. "$findings/kafka/out-of-sync.sh"
start_kafka 4.4.0

npm init --yes >npm.log
npm install --silent --no-audit --no-fund kafkajs@2.2.4 @platformatic/kafka@2.12.1 >>npm.log
leave_out_of_sync kafkajs kafkajs-idempotent platformatic platformatic-idempotent
cat >run.mjs <<'JS'
import { ProduceAcks, Producer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const [, , server] = process.argv
const kafka = new kafkajs.Kafka({ brokers: [server], logLevel: kafkajs.logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()

async function tell(topic, sending) {
  const outcome = await sending.then(() => 'sent', () => 'refused')
  const [{ high }] = await admin.fetchTopicOffsets(topic)
  console.log(`${topic}: ${outcome}, the message of the other topic is there ${high} times`)
}

for (const idempotent of [false, true]) {
  const ending = idempotent ? '-idempotent' : ''
  const ofKafkajs = kafka.producer({ idempotent, retry: { initialRetryTime: 100, retries: 5 } })
  await ofKafkajs.connect()
  const topicMessages = [`kafkajs${ending}`, 'payments'].map((topic) => ({ topic, messages: [{ value: 'once' }] }))
  await tell(`kafkajs${ending}`, ofKafkajs.sendBatch({ topicMessages }))

  const producer = new Producer({ clientId: 'finding', bootstrapBrokers: [server], idempotent, retries: 5, retryDelay: 100 })
  const messages = [`platformatic${ending}`, 'payments'].map((topic) => ({ topic, value: Buffer.from('once') }))
  await tell(`platformatic${ending}`, producer.send({ messages, acks: ProduceAcks.ALL }))
}
process.exit()
JS
node --no-warnings run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
kafkajs: refused, the message of the other topic is there 6 times
platformatic: refused, the message of the other topic is there 6 times
kafkajs-idempotent: refused, the message of the other topic is there 1 times
platformatic-idempotent: refused, the message of the other topic is there 1 times
EXPECTED
