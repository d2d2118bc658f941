/**
 * Sends the parts of customers by a schedule: every 10 ms a tick of the records that are due, stamped with the time at
 * which they were due, whether or not the broker keeps up. The parts of a customer are due within one second of each
 * other.
 */
import { systemClock, sleep } from '../../src/core/clock.ts'
import { nextInt, seededRandom } from '../../src/core/random.ts'
import { Cluster, sendBatches, type Topic } from '../../src/kafka/index.ts'
import { noProducer, type OutputBatch, OutputBuilder, writeVarint } from '../../src/kernel/index.ts'

const [bootstrapServers, name, customers, recordsPerSecond] = process.argv.slice(2) as [string, string, string, string]
const tickMs = 10
const spreadTicks = 100
const stages = ['A', 'B', 'C']

const cluster = new Cluster({ bootstrapServers })
const topic: Topic = await cluster.topicWhenReady(name)
const random = seededRandom(1)
const perTick = Math.max(1, Math.round((Number(recordsPerSecond) * tickMs) / 1_000 / stages.length))
const ticks = Math.ceil(Number(customers) / perTick) + spreadTicks
/** For each tick the records that are due, as customer * 3 + stage. */
const due: number[][] = Array.from({ length: ticks + 1 }, () => [])
for (let customer = 0; customer < Number(customers); customer++) {
  const first = Math.floor(customer / perTick)
  stages.forEach((_, stage) => due[first + nextInt(random, spreadTicks)]!.push(customer * stages.length + stage))
}

const filled: OutputBatch[] = []
const builder = new OutputBuilder({
  sink: 0,
  partitionCount: topic.partitions.length,
  batchBytes: 64 << 10,
  onFilled: (batch) => filled.push(batch),
})
const startMs = systemClock.nowMs() + 1_000
let sent = Promise.resolve()
for (let tick = 0; tick <= ticks; tick++) {
  const dueMs = startMs + tick * tickMs
  const waitMs = dueMs - systemClock.nowMs()
  if (waitMs > 0) await sleep(systemClock, waitMs)
  due[tick]!.forEach((record, index) => write(record, dueMs, index % topic.partitions.length))
  builder.flush()
  const batches = filled.splice(0)
  // Not awaited in turn: what the broker does with one tick must not delay the next.
  sent = sent
    .then(() => sendBatches(cluster, topic, batches.map(sealed), () => {}))
    .then(() => batches.forEach((batch) => builder.recycle(batch)))
}
await sent
await cluster.close()

function write(record: number, dueMs: number, partition: number): void {
  const customer = Math.floor(record / stages.length)
  const value = Buffer.from(
    `{"stage":"${stages[record % stages.length]}","customerId":"customer-${customer}","seq":${record},"part":{"orderId":"o-${record}","amount":895.61,"currency":"EUR"}}`,
  )
  const batch = builder.begin(partition, dueMs, -1, value.length, 1)
  const at = writeVarint(batch.bytes, batch.position, value.length)
  batch.bytes.set(value, at)
  batch.bytes[at + value.length] = 0
  batch.position = at + value.length + 1
}

function sealed(batch: OutputBatch) {
  const bytes = batch.seal(noProducer)
  return { partition: batch.partition, bytes }
}
