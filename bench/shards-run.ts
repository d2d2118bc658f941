/**
 * A process of the bench of shards: the experiment from memory through decoding, stages, table and merge, whose records
 * are checked and dropped: on the thread that has merged them, with shards as without. With shards each batch crosses
 * to the main thread after that, which seals it with what its shard has finished, as a program does before it sends it,
 * and drops it. What shards have checked is put together at the end: each customer once, in one of them.
 * Goes through all of it twice to be warm, because each thread compiles its code by itself; says that it is ready, and
 * measures the third time.
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type ActorRef, fromModule, startSystem, supervisor } from '../src/actors/index.ts'
import { createVerifier, experimentBatches, type Verification } from '../src/cli/experiment/index.ts'
import { systemClock } from '../src/core/clock.ts'
import {
  BatchReader,
  Decoder,
  encodeJsonString,
  noCounts,
  OutputBuilder,
  PendingTable,
  Reason,
  RecordColumns,
  sourceSlackBytes,
} from '../src/kernel/index.ts'
import { ShardedTable, type ShardMessage, type SharedPartition } from '../src/streams/index.ts'
import { type checkingShard, type CheckMessage, verificationOf } from './checking-shard.ts'

const { values } = parseArgs({
  options: { customers: { type: 'string' }, seed: { type: 'string' }, workers: { type: 'string' } },
})
const experiment = { customers: Number(values.customers), seed: Number(values.seed) }
const workers = Number(values.workers)
const partitions = 12
/** Bytes of a partition in one fetch, fetches in one epoch, and fetches that each thread has at a time. */
const fetchBytes = 1 << 20
const fetchesPerEpoch = 36
const fetchesAhead = 2
const warmPasses = 2
const stamp = { producerId: 1n, epoch: 0, sequence: 0, isTransactional: false }
const decoder = {
  route: ['stage'],
  sides: ['A', 'B', 'C'].map((name) => ({
    name,
    part: { kind: 'field' as const, path: ['part'] },
    key: { kind: 'field' as const, path: ['customerId'] },
  })),
  depthMax: 512,
  keyBytesMax: 1024,
}
const sink = {
  partitionCount: partitions,
  batchBytes: 64 << 10,
  recordBytesMax: 1 << 20,
  codec: 0,
  isHandedOver: false,
  isOnward: false,
  headers: {},
  timestamp: 'greatest' as const,
}
const tableOptions = {
  sideCount: 3,
  bytesMax: 2 ** 31,
  hashSeed: [1, 2] as const,
  duplicateReason: Reason.DUPLICATE,
  tooLargeReason: Reason.MERGE_TOO_LARGE,
  refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
}

const fetches = fetchesInTurn()
const { run, verified, stop } = workers === 0 ? inThisThread() : await onThreads()
for (let pass = 0; pass < warmPasses; pass++) await measured()
process.send!('ready')
await once(process, 'message')
process.send!(await measured())
await stop()
process.disconnect()

async function measured() {
  const [startMs, startCpu] = [systemClock.monotonicMs(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(startCpu)
  const seconds = (systemClock.monotonicMs() - startMs) / 1_000
  const { missing, duplicates, mismatched } = await verified()
  if (missing + duplicates + mismatched > 0)
    throw new Error(`the merges are wrong: ${JSON.stringify({ missing, duplicates, mismatched })}`)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}

interface Variant {
  readonly run: () => Promise<void>
  /** What was merged since this was last asked. */
  readonly verified: () => Promise<Verification>
  readonly stop: () => Promise<void>
}

/** As a program does it without workers, but for its actors. */
function inThisThread(): Variant {
  let verifier = createVerifier(experiment)
  const out = new OutputBuilder({
    ...sink,
    sink: 0,
    onFilled(batch) {
      verifier.batches(batch.seal(stamp))
      out.recycle(batch)
    },
  })
  const table = new PendingTable(tableOptions)
  table.publishTo({
    out,
    refuse() {},
    expire() {},
    keyName: encodeJsonString('customerId'),
    sideNames: decoder.sides.map(({ name }) => encodeJsonString(name)),
    recordBytesMax: sink.recordBytesMax,
  })
  const counts = noCounts(partitions)
  const [decoding, reader, columns] = [
    new Decoder(decoder),
    new BatchReader({ decompressedBytesMax: 1 << 20 }),
    new RecordColumns(),
  ]
  const run = async () => {
    let count = 0
    for (const { source: _, memory, ...fetched } of fetches) {
      const view = { bytes: Buffer.from(memory), view: new DataView(memory), endOffset: fetched.nextOffset }
      reader.open({ ...fetched, ...view })
      while (reader.fill(columns)) {
        decoding.decode(columns)
        table.apply(columns, counts)
      }
      if (++count % fetchesPerEpoch > 0) continue
      table.flush()
      table.epochChanges(() => {})
      table.beginEpoch()
      table.commitEpoch()
    }
    table.flush()
  }
  const verified = async () => {
    const verification = verifier.result()
    verifier = createVerifier(experiment)
    return verification
  }
  return { run, verified, stop: async () => {} }
}

async function onThreads(): Promise<Variant> {
  const setup = {
    partitionCount: partitions,
    table: tableOptions,
    decompressedBytesMax: 1 << 20,
    sideNames: decoder.sides.map(({ name }) => name),
    decoders: [decoder],
    keyName: 'customerId',
    traces: { areWanted: false, followedRatio: 0 },
    expiry: undefined,
    withinMs: undefined,
    sink,
  }
  const ids = Array.from({ length: workers }, (_, shard) => `shard-${shard}`)
  const children = ids.map((id, shard) => {
    const args = { setup: { ...setup, place: { shard, shardCount: workers } }, experiment }
    const module = new URL('./checking-shard.ts', import.meta.url)
    return { id, start: fromModule<typeof checkingShard>(module, 'checkingShard', args), thread: id }
  })
  const root = supervisor({ name: 'shards', children })
  const system = await startSystem({ name: 'bench', root, threads: ids })
  const refs = ids.map((id) => system.ref<ShardMessage | CheckMessage>(id))
  const table = new ShardedTable(refs as readonly ActorRef<ShardMessage>[], {
    onBatch(batch, recycle) {
      batch.seal(stamp)
      recycle()
    },
    onMerges() {},
    onTraced() {},
    onRefused() {
      throw new Error('nothing of the experiment is refused')
    },
    onDropped() {
      throw new Error('nothing of the experiment is dropped')
    },
  })
  await table.begin()
  /** Gives a shard its records; what another one has to wait for holds it up no more than in a program. */
  const give = async (own: readonly SharedPartition[]) => {
    const ahead: Promise<unknown>[] = []
    for (const records of own) {
      if (ahead.length === fetchesAhead) await ahead.shift()
      ahead.push(table.take(records))
    }
  }
  const run = async () => {
    for (let from = 0; from < fetches.length; from += fetchesPerEpoch) {
      const epoch = fetches.slice(from, from + fetchesPerEpoch)
      await Promise.all(ids.map((_, shard) => give(epoch.filter(({ partition }) => partition % workers === shard))))
      await table.close()
      table.commit()
    }
  }
  const verified = async () => {
    const all = await Promise.all(refs.map((ref) => ref.ask({ type: 'checked' })))
    return verificationOf(all, experiment)
  }
  return { run, verified, stop: async () => void (await system.stop({ drainMs: 0 })) }
}

/** What fetches would bring: about 1 MiB of each partition in turn, whole batches. */
function fetchesInTurn(): SharedPartition[] {
  const logs = Array.from({ length: partitions }, (): SharedPartition[] => [])
  const open = logs.map(() => ({ batches: [] as Uint8Array[], bytes: 0, records: 0, offset: 0 }))
  const finish = (partition: number) => {
    const { batches, bytes, records, offset } = open[partition]!
    if (batches.length === 0) return
    const memory = new SharedArrayBuffer(bytes + sourceSlackBytes)
    const [target, view] = [new Uint8Array(memory), new DataView(memory)]
    let [at, next] = [0, offset]
    for (const batch of batches) {
      target.set(batch, at)
      view.setBigInt64(at, BigInt(next))
      next += view.getInt32(at + 23) + 1
      at += batch.length
    }
    const range = { start: 0, end: bytes, fromOffset: offset, nextOffset: offset + records, aborted: [] }
    logs[partition]!.push({ source: 0, partition, memory, ...range })
    open[partition] = { batches: [], bytes: 0, records: 0, offset: offset + records }
  }
  for (const { partition, bytes, recordCount } of experimentBatches({ ...experiment, partitions })) {
    const own = open[partition]!
    own.batches.push(bytes)
    own.bytes += bytes.length
    own.records += recordCount
    if (own.bytes >= fetchBytes) finish(partition)
  }
  for (let partition = 0; partition < partitions; partition++) finish(partition)
  const rounds = Math.max(...logs.map(({ length }) => length))
  return Array.from({ length: rounds }, (_, round) => logs.flatMap((log) => log.slice(round, round + 1))).flat()
}
