/**
 * A process of the bench of workers: the experiment from memory through decoding, stages, table and merge, whose records
 * are checked and dropped. Says over its channel when it is ready, begins when it is told to, and says how long it took.
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { createVerifier, experimentBatches } from '../src/cli/experiment/index.ts'
import { systemClock } from '../src/core/clock.ts'
import type { FetchedResponse } from '../src/kafka/index.ts'
import { type FetchedPartition, type OutputBatch, sourceSlackBytes } from '../src/kernel/index.ts'
import { Engine, field, onWorkers, stage, topology } from '../src/streams/index.ts'
import { until } from '../test/until.ts'
import { busyPart } from './busy-part.ts'

const { values } = parseArgs({
  options: { customers: { type: 'string' }, seed: { type: 'string' }, workers: { type: 'string' } },
})
const experiment = { customers: Number(values.customers), seed: Number(values.seed) }
const workers = Number(values.workers)
const partitions = 12
/** Index of the sink of merged records. */
const mergedSink = 0
/** Bytes of a response, and responses on their way. */
const responseBytes = 4 << 20
const responsesAhead = 2

const own = stage({ part: onWorkers(busyPart, new URL('./busy-part.ts', import.meta.url)) })
const program = topology('bench')
  .source('source')
  .route('by-stage', field('stage'), { A: own, B: own, C: own })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink('sink')

const responses = responsesOf()
const ready = Promise.withResolvers<void>()
const done = Promise.withResolvers<void>()
const verifier = createVerifier(experiment)
const engine = await Engine.start(program, systemClock, {
  partitions,
  workers,
  ports: () => ({ newFetcher: (_, events) => fetcher((response) => events.onFetched(response)), newProducer }),
})
// What a start costs is not what a record costs.
if (workers > 0) await until('a spare thread is ready', () => engine.system.countThreads().spare > 0)
process.send!('ready')
await once(process, 'message')
const [startMs, startCpu] = [systemClock.monotonicMs(), process.cpuUsage()]
ready.resolve()
await done.promise
const { user, system: kernel } = process.cpuUsage(startCpu)
const seconds = (systemClock.monotonicMs() - startMs) / 1_000
// A part that a function has made may spell a number in another way.
const { missing, duplicates } = verifier.result()
if (missing + duplicates > 0) throw new Error(`the merges are wrong: ${JSON.stringify(verifier.result())}`)
process.send!({ seconds, cpuSeconds: (user + kernel) / 1e6 })
await engine[Symbol.asyncDispose]()
process.disconnect()

function newProducer() {
  return {
    begin: async () => {},
    send(batch: OutputBatch, onStored: () => void) {
      if (batch.sink === mergedSink) {
        verifier.batches(batch.seal({ producerId: 1n, epoch: 0, sequence: 0, isTransactional: false }))
      }
      onStored()
    },
    async commit() {
      if (verifier.result().missing === 0) done.resolve()
    },
    stop() {},
  }
}

function fetcher(onFetched: (response: FetchedResponse) => void) {
  const next = () => {
    const response = responses.shift()
    if (response !== undefined)
      onFetched({ partitions: response, release: () => setImmediate(next) } satisfies FetchedResponse)
  }
  return {
    start: () =>
      void ready.promise.then(() => {
        for (let ahead = 0; ahead < responsesAhead; ahead++) next()
      }),
    stop() {},
  }
}

/** The experiment's source as responses, of some partitions each. */
function responsesOf(): FetchedPartition[][] {
  const offsets = Array<number>(partitions).fill(0)
  const made: FetchedPartition[][] = [[]]
  let bytesLeft = responseBytes
  for (const { partition, bytes, recordCount } of experimentBatches({ ...experiment, partitions })) {
    const memory = Buffer.alloc(bytes.length + sourceSlackBytes)
    memory.set(bytes)
    const fromOffset = offsets[partition]!
    const nextOffset = (offsets[partition] = fromOffset + recordCount)
    const view = new DataView(memory.buffer, memory.byteOffset, memory.length)
    view.setBigInt64(0, BigInt(fromOffset))
    const place = { partition, fromOffset, nextOffset, endOffset: nextOffset }
    made.at(-1)!.push({ ...place, bytes: memory, view, start: 0, end: bytes.length, aborted: [] })
    bytesLeft -= bytes.length
    if (bytesLeft > 0) continue
    made.push([])
    bytesLeft = responseBytes
  }
  return made
}
