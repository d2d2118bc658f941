#!/usr/bin/env bash
# Apache Kafka 4.3.1 with kafkajs 2.2.4 and @platformatic/kafka 2.12.1, one transaction after the other, each of one record.
# Guess: once commit() has resolved, the next transaction may begin, and its first send takes as long as any other.
# Seen: the broker answers EndTxn before it has written the markers. A send that comes within about a millisecond is refused with
# CONCURRENT_TRANSACTIONS (after 20 ms of retries inside the broker where transaction.version is 2), and the clients retry as after a real
# fault: kafkajs after 300 ms, @platformatic/kafka after 1,000 ms. It meets a good part of transactions that follow at once, and hardly any
# that follow after 20 ms. So a loop of small transactions becomes faster with a pause in it.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.3.1

npm init -y >/dev/null
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1 kafkajs@2.2.4
cat >run.mjs <<'JS'
import { Admin, Producer, stringSerializers } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const brokers = [process.argv[2]]
const transactions = 300
const admin = new Admin({ clientId: 'admin', bootstrapBrokers: brokers })
await admin.createTopics({ topics: ['turns'], partitions: 1, replicas: 1 })
await admin.close()

/** How many first sends of transactions took longer than `slowMs`, with a pause after each commit. */
async function slowSends(begin, pauseMs, slowMs) {
  let slow = 0
  for (let turn = 0; turn < transactions; turn++) {
    const startMs = performance.now()
    const transaction = await begin()
    await transaction.send({ topic: 'turns', messages: [{ topic: 'turns', value: 'v' }] })
    if (performance.now() - startMs > slowMs) slow++
    await transaction.commit()
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return slow
}

async function compare(client, begin, slowMs) {
  const atOnce = await slowSends(begin, 0, slowMs)
  const later = await slowSends(begin, 20, slowMs)
  console.error(`${client}: of ${transactions} first sends took over ${slowMs} ms: ${atOnce} at once after a commit, ${later} after 20 ms`)
  const often = atOnce > transactions / 50 && later <= transactions / 20
  console.log(`${client}: ${often ? 'often' : 'no more often'} over ${slowMs} ms when it follows at once`)
}

const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })
const first = kafka.producer({ transactionalId: 'kafkajs', idempotent: true, maxInFlightRequests: 1 })
await first.connect()
await compare('kafkajs', () => first.transaction(), 200)
await first.disconnect()

const options = { clientId: 'p', bootstrapBrokers: brokers, idempotent: true, transactionalId: 'platformatic' }
const second = new Producer({ ...options, serializers: stringSerializers })
await compare('@platformatic/kafka', () => second.beginTransaction(), 900)
await second.close()
JS
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
kafkajs: often over 200 ms when it follows at once
@platformatic/kafka: often over 900 ms when it follows at once
EXPECTED
