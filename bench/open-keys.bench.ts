/**
 * What a checkpoint costs while very many keys are open: they are loaded first, and then records come at a low, steady
 * rate, which open keys, add to old ones and complete them, so that as many stay open:
 * `node bench/open-keys.bench.ts [--keys 10000000] [--rate 1000] [--minutes 10]`.
 *
 * Counts the bytes that the checkpoint topic is given, minute by minute: it may take 4 bytes for each record and 4 kB
 * for each epoch, and no more at the end than in the beginning.
 */
import { parseArgs } from 'node:util'
import { sleep, systemClock } from '../src/core/clock.ts'
import { nextInt, seededRandom } from '../src/core/random.ts'
import { Cluster, createTopics, readTopic, sendBatches, type Topic, topicRange } from '../src/kafka/index.ts'
import { noHeaders, noProducer, type OutputBatch, OutputBuilder, writePlainRecord } from '../src/kernel/index.ts'
import { start } from '../src/streams/index.ts'
import { startKafka } from '../tools/kafka/start.ts'
import { machineText } from './experiment-source.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '10000000' },
    rate: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '10' },
  },
})
const partitionCount = 12
const tickMs = 10
const bytesPerRecord = 4
const bytesPerEpoch = 4_096
/** Sent at once while keys are loaded. */
const loadedTogether = 100_000

await using kafka = await startKafka({ heapMb: 2_048 })
const { bootstrapServers } = kafka
const cluster = new Cluster({ bootstrapServers })
const app = 'open-keys'
const names = { BENCH_APP: app, BENCH_SOURCE: `${app}.source`, BENCH_SINK: `${app}.sink` }
Object.assign(process.env, names)
const [source] = await createdTopics(names.BENCH_SOURCE, names.BENCH_SINK)

const random = seededRandom(1)
const filled: OutputBatch[] = []
const builder = new OutputBuilder({
  sink: 0,
  partitionCount,
  batchBytes: 64 << 10,
  onFilled: (batch) => filled.push(batch),
})
/** Keys whose first part has come and no other. */
const openKeys: number[] = []
/** Of which two parts have come. */
let nearly: number | undefined
let keyCount = 0

console.log(machineText())
while (keyCount < Number(values.keys)) {
  for (let i = 0; i < loadedTogether; i++) openOne()
  await send()
}
const { default: program } = await import('./experiment-topology.ts')
const running = await start(program, { bootstrapServers, pendingBytesMax: 3 * 2 ** 30 })
while (running.progress().consumed < keyCount) await sleep(systemClock, 100)
console.log(`${running.report().pendingRows} keys open`)

console.log('\n| minute | records | epochs | bytes | per record, without 4 kB an epoch | of what it may be |')
console.log('|---|---|---|---|---|---|')
const checkpoint = (await cluster.topics([`${app}.checkpoint`]))[0]!
let from = (await topicRange(cluster, checkpoint)).ends
for (let minute = 1; minute <= Number(values.minutes); minute++) {
  const before = running.report().statistics.epochs
  const records = await sendSteadily(60_000)
  const epochs = running.report().statistics.epochs - before
  const { ends } = await topicRange(cluster, checkpoint)
  const bytes = await bytesBetween(from, ends)
  from = ends
  const most = records * bytesPerRecord + epochs * bytesPerEpoch
  const each = Math.max(0, bytes - epochs * bytesPerEpoch) / records
  console.log(`| ${minute} | ${records} | ${epochs} | ${bytes} | ${each.toFixed(2)} | ${(bytes / most).toFixed(2)} |`)
}
await running.stop()
await cluster.close()

async function createdTopics(...topics: string[]): Promise<Topic[]> {
  const configs = { 'retention.ms': '-1' }
  await createTopics(
    cluster,
    topics.map((name) => ({ name, partitionCount, configs })),
  )
  return Promise.all(topics.map((name) => cluster.topicWhenReady(name)))
}

/** Records by a schedule that does not wait; returns how many. */
async function sendSteadily(durationMs: number): Promise<number> {
  const perTick = Math.round((Number(values.rate) * tickMs) / 1_000)
  const startMs = systemClock.monotonicMs()
  let count = 0
  for (let tick = 0; tick * tickMs < durationMs; tick++) {
    const waitMs = startMs + tick * tickMs - systemClock.monotonicMs()
    if (waitMs > 0) await sleep(systemClock, waitMs)
    for (let i = 0; i < perTick; i++, count++) sendNext(count)
    await send()
  }
  return count
}

/** Of three records one opens a key, one comes to a key that has waited for a while, one completes that. */
function sendNext(count: number): void {
  if (count % 3 === 0) return openOne()
  if (nearly !== undefined) {
    write('C', nearly)
    nearly = undefined
    return
  }
  const at = nextInt(random, openKeys.length)
  nearly = openKeys[at]!
  openKeys[at] = openKeys.at(-1)!
  openKeys.pop()
  write('B', nearly)
}

function openOne(): void {
  openKeys.push(keyCount)
  write('A', keyCount++)
}

function write(stage: string, key: number): void {
  const value = Buffer.from(`{"stage":"${stage}","customerId":"customer-${key}","part":{"amount":895.61}}`)
  writePlainRecord(builder, nextInt(random, partitionCount), systemClock.nowMs(), {
    key: undefined,
    value,
    ...noHeaders,
  })
}

async function send(): Promise<void> {
  builder.flush()
  const batches = filled.splice(0)
  const sealed = batches.map((batch) => ({ partition: batch.partition, bytes: batch.seal(noProducer) }))
  await sendBatches(cluster, source!, sealed, () => {})
  for (const batch of batches) builder.recycle(batch)
}

async function bytesBetween(starts: readonly number[], ends: readonly number[]): Promise<number> {
  let bytes = 0
  await readTopic(cluster, checkpoint, { starts, ends }, (piece) => {
    bytes += piece.end - piece.start
  })
  return bytes
}
