#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 and kafkajs 2.2.4 on Apache Kafka 4.4.0: a consumer that ends, in good order, after 10 of 5,000 messages.
# Guess: `autocommit`, on by default, commits consumed messages (so its documentation), which are those that `for await` has given out, as
# kafkajs commits those that `eachMessage` is done with.
# Seen: all that a response brought is committed when it comes, before the first message of it is given out; with an interval as well. The
# next member of the group begins after all 5,000. So whoever stops, or breaks off the loop because a message failed, loses what is in the
# buffer. With `autocommit: false` and `await message.commit()` the group is at 10.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init --yes >npm.log
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1 kafkajs@2.2.4 >>npm.log
cat >run.mjs <<'JS'
import { Consumer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import { setTimeout } from 'node:timers/promises'

const bootstrapBrokers = [process.argv[2]]
const topic = 'orders'
const kafka = new kafkajs.Kafka({ brokers: bootstrapBrokers, logLevel: kafkajs.logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false })
const producer = kafka.producer()
await producer.connect()
await producer.send({ topic, messages: Array.from({ length: 5_000 }, (_, number) => ({ value: `${number}` })) })

async function tell(title, groupId) {
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  console.log(`${title}: 10 handled, the group is at ${partitions[0].offset}`)
}

for (const [title, options] of [['by default', {}], ['autocommit: 100', { autocommit: 100 }], ['autocommit: false', { autocommit: false }]]) {
  const groupId = title.replaceAll(/\W/g, '-')
  const consumer = new Consumer({ groupId, clientId: 'finding', bootstrapBrokers, ...options })
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
  let handledCount = 0
  for await (const message of stream) {
    // The work that a message takes.
    await setTimeout(20)
    if (options.autocommit === false) await message.commit()
    if (++handledCount === 10) break
  }
  await consumer.close(true)
  await tell(`@platformatic/kafka, ${title}`, groupId)
}

const consumer = kafka.consumer({ groupId: 'kafkajs' })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let handledCount = 0
await new Promise((resolve) => {
  consumer.run({
    eachMessage: async ({ pause }) => {
      if (++handledCount < 10) return
      pause()
      resolve()
    },
  })
})
await consumer.disconnect()
await tell('kafkajs', 'kafkajs')
process.exit()
JS
node --no-warnings run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
@platformatic/kafka, by default: 10 handled, the group is at 5000
@platformatic/kafka, autocommit: 100: 10 handled, the group is at 5000
@platformatic/kafka, autocommit: false: 10 handled, the group is at 10
kafkajs: 10 handled, the group is at 10
EXPECTED
