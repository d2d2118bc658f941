#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 and kafkajs 2.2.4 on Apache Kafka 4.4.0: a message to a topic with min.insync.replicas=2, one replica in sync.
# Guess: `new Producer({ acks: ProduceAcks.ALL })` waits for all replicas: its types have the option there.
# Seen: the producer does not look at it, nor is it the default: without `acks` in the options of send() itself the leader alone answers, so
# the message counts as sent where the broker refuses it to others, and is lost with the leader. `idempotent: true`, or `acks` in each
# send(), waits for all, as kafkajs does by default.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
. "$findings/kafka/out-of-sync.sh"
start_kafka 4.4.0

npm init --yes >npm.log
npm install --silent --no-audit --no-fund kafkajs@2.2.4 @platformatic/kafka@2.12.1 >>npm.log
leave_out_of_sync
cat >run.mjs <<'JS'
import { ProduceAcks, Producer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const [, , server] = process.argv
const tell = async (title, sending) => console.log(`${title}: ${await sending.then(() => 'sent', () => 'refused')}`)

const kafka = new kafkajs.Kafka({ brokers: [server], logLevel: kafkajs.logLevel.NOTHING })
const ofKafkajs = kafka.producer({ retry: { initialRetryTime: 100, retries: 1 } })
await ofKafkajs.connect()
await tell('kafkajs', ofKafkajs.send({ topic: 'payments', messages: [{ value: 'paid' }] }))

const all = { acks: ProduceAcks.ALL }
for (const [title, ofProducer, ofSend] of [
  ['by default', {}, {}],
  ['acks of all in new Producer()', all, {}],
  ['acks of all in send()', {}, all],
  ['idempotent', { idempotent: true }, {}],
]) {
  const options = { clientId: 'finding', bootstrapBrokers: [server], retryDelay: 100, ...ofProducer, retries: 2 }
  const producer = new Producer(options)
  const messages = [{ topic: 'payments', value: Buffer.from('paid') }]
  await tell(`@platformatic/kafka, ${title}`, producer.send({ messages, ...ofSend }))
}
process.exit()
JS
node --no-warnings run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
kafkajs: refused
@platformatic/kafka, by default: sent
@platformatic/kafka, acks of all in new Producer(): sent
@platformatic/kafka, acks of all in send(): refused
@platformatic/kafka, idempotent: refused
EXPECTED
