#!/usr/bin/env bash
# kafkajs 2.2.4 on Apache Kafka 4.4.0, Node.js 24.21.0: 4,000 messages of 10,000 bytes with keys of 8.
# Guess: a key that is kept in a Map costs its 8 bytes and an object, and a message that is posted to a thread is copied once.
# Seen: key and value are views of the whole response. So one key that is kept keeps a MiB, as a join does for each key that waits; and
# postMessage, which copies the memory below a view, copies a MiB for each message, be it for its key alone. There it is no Buffer any more:
# toString() gives numbers. Buffer.from(key) still sends the pool of Buffers with it, of 64 KiB in Node.js 24.21; new Uint8Array(key) the key.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init --yes >npm.log
npm install --silent --no-audit --no-fund kafkajs@2.2.4 >>npm.log
cat >run.mjs <<'JS'
import kafkajs from 'kafkajs'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const topic = 'orders'
const messageCount = 4_000
const kafka = new kafkajs.Kafka({ brokers: [process.argv[2]], logLevel: kafkajs.logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false })
const producer = kafka.producer()
await producer.connect()
const key = (number) => `c-${String(number).padStart(6, '0')}`
for (let first = 0; first < messageCount; first += 50) {
  const messages = Array.from({ length: 50 }, (_, index) => ({ key: key(first + index), value: Buffer.alloc(10_000, 'v') }))
  await producer.send({ topic, messages })
}

/** Reads all, keeps what `keep` makes of each hundredth key, and tells how much memory of buffers that keeps. */
async function read(title, keep) {
  const kept = []
  let seenCount = 0
  const consumer = kafka.consumer({ groupId: title.replaceAll(/\W/g, '-') })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        if (seenCount++ % 100 === 0) kept.push(keep(message.key))
        if (seenCount === messageCount) resolve()
      },
    })
  })
  await consumer.disconnect()
  gc()
  const keptMiB = process.memoryUsage().arrayBuffers / 2 ** 20
  console.log(`${title}: ${kept.length} keys keep ${keptMiB > 30 ? 'more than 30' : keptMiB < 20 ? 'less than 20' : keptMiB} MiB`)
  return kept
}

await read('as text', (key) => key.toString())
await read('as a copy', (key) => new Uint8Array(key))
const [first] = await read('as it comes', (key) => key)

const thread = new Worker(
  `const { parentPort } = require('node:worker_threads')
  parentPort.on('message', (key) => parentPort.postMessage([key.constructor.name, key.toString(), Math.round(key.buffer.byteLength / 1024)]))`,
  { eval: true },
)
for (const [title, posted] of [['the key', first], ['Buffer.from(key)', Buffer.from(first)], ['new Uint8Array(key)', new Uint8Array(first)]]) {
  thread.postMessage(posted)
  const [[type, text, size]] = await once(thread, 'message')
  console.log(`${title} of ${first.length} bytes, posted: ${type} of ${size} KiB, "${text}"`)
}
process.exit()
JS
node --no-warnings --expose-gc run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
as text: 40 keys keep less than 20 MiB
as a copy: 40 keys keep less than 20 MiB
as it comes: 40 keys keep more than 30 MiB
the key of 8 bytes, posted: Uint8Array of 1024 KiB, "99,45,48,48,48,48,48,48"
Buffer.from(key) of 8 bytes, posted: Uint8Array of 64 KiB, "99,45,48,48,48,48,48,48"
new Uint8Array(key) of 8 bytes, posted: Uint8Array of 0 KiB, "99,45,48,48,48,48,48,48"
EXPECTED
