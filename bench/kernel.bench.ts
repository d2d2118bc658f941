/**
 * The kernel alone, on the experiment's record batches in memory: what a record costs in each step, without a broker
 * and without actors: `node bench/kernel.bench.ts [--customers 1000000] [--runs 5]`. The first run pays for compiling
 * and for fresh memory, as a program that has just started does.
 */
import { parseArgs } from 'node:util'
import { createVerifier, experimentBatches } from '../src/cli/experiment/index.ts'
import {
  BatchReader,
  Decoder,
  encodeJsonString,
  OutputBuilder,
  PendingTable,
  Reason,
  RecordColumns,
  sourceSlackBytes,
} from '../src/kernel/index.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: { customers: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '5' } },
})
const experiment = { customers: Number(values.customers), seed: 1 }
const records = experiment.customers * 3
const partitions = 12
/** Bytes of a partition in one fetch, and fetches in one epoch. */
const fetchBytes = 1 << 20
const fetchesPerEpoch = 36
const sides = ['A', 'B', 'C']
const steps = ['read', 'decode', 'table and merge', 'seal', 'epoch'] as const
type Times = Record<(typeof steps)[number], number>

interface Log {
  buffer: Buffer
  view: DataView
  end: number
}

const logs = writeLogs()
const totals: number[] = []
for (let run = 1; run <= Number(values.runs); run++) {
  const times = correlateAll()
  const total = steps.reduce((sum, step) => sum + times[step], 0)
  const parts = steps.map((step) => `${step} ${Math.round(times[step])}`).join(', ')
  console.log(`run ${run}: ${Math.round(total)} ns a record: ${parts}`)
  totals.push(total)
}
const spread = spreadOf(totals)
console.log(
  `kernel: ${spreadText(spread)} ns a record, ${Math.round(1e9 / spread.median).toLocaleString('en')} records/s`,
)

/** Nanoseconds per record of each step; the merged records are verified outside the measured steps. */
function correlateAll(): Times {
  const times: Times = { read: 0, decode: 0, 'table and merge': 0, seal: 0, epoch: 0 }
  const measured = <Result>(step: keyof Times, work: () => Result): Result => {
    const startMs = performance.now()
    const result = work()
    times[step] += ((performance.now() - startMs) * 1e6) / records
    return result
  }
  const verifier = createVerifier(experiment)
  const table = new PendingTable({
    sideCount: sides.length,
    bytesMax: 2 ** 32,
    hashSeed: [1, 2],
    duplicateReason: Reason.DUPLICATE,
    tooLargeReason: Reason.MERGE_TOO_LARGE,
    refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
  })
  const out = new OutputBuilder({
    sink: 0,
    partitionCount: partitions,
    batchBytes: 64 << 10,
    onFilled: (batch) => filled.push(batch),
  })
  const filled: Parameters<typeof out.recycle>[0][] = []
  table.publishTo({
    out,
    refuse: () => {},
    expire: () => {},
    keyName: encodeJsonString('customerId'),
    sideNames: sides.map(encodeJsonString),
    recordBytesMax: 1 << 20,
  })
  const decoder = new Decoder({
    route: ['stage'],
    sides: sides.map((name) => ({
      name,
      part: { kind: 'field', path: ['part'] },
      key: { kind: 'field', path: ['customerId'] },
    })),
    depthMax: 512,
    keyBytesMax: 1024,
  })
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  const columns = new RecordColumns()
  const counts = {
    emitted: new Float64Array(partitions),
    duplicate: new Float64Array(partitions),
    deadLettered: new Float64Array(partitions),
    expired: new Float64Array(partitions),
    filtered: new Float64Array(partitions),
    superseded: new Float64Array(partitions),
  }
  const send = () => {
    for (const batch of filled.splice(0)) {
      const bytes = measured('seal', () =>
        batch.seal({ producerId: 1n, epoch: 0, sequence: 0, isTransactional: false }),
      )
      verifier.batches(bytes)
      out.recycle(batch)
    }
  }
  let fetches = 0
  for (const { partition, bytes, view, start, end, fromOffset, nextOffset } of fetchesInTurn()) {
    reader.open({ partition, bytes, view, start, end, fromOffset, nextOffset, endOffset: nextOffset, aborted: [] })
    while (measured('read', () => reader.fill(columns))) {
      measured('decode', () => decoder.decode(columns))
      measured('table and merge', () => table.apply(columns, counts))
      send()
    }
    if (++fetches % fetchesPerEpoch > 0) continue
    measured('epoch', () => {
      table.epochChanges(() => {})
      table.beginEpoch()
      table.commitEpoch()
      table.compact(4_096)
    })
  }
  table.flush()
  send()
  const { distinct, duplicates, mismatched } = verifier.result()
  if (distinct !== experiment.customers || duplicates + mismatched > 0)
    throw new Error(`the merges are wrong: ${JSON.stringify(verifier.result())} ${table.rowCount}`)
  return times
}

/** The experiment's batches by partition, as a log holds them. */
function writeLogs(): Log[] {
  const batches: Uint8Array[][] = Array.from({ length: partitions }, () => [])
  for (const { partition, bytes } of experimentBatches({ ...experiment, partitions })) batches[partition]!.push(bytes)
  return batches.map((list) => {
    const size = list.reduce((sum, bytes) => sum + bytes.length, 0)
    const memory = new ArrayBuffer(size + sourceSlackBytes)
    const log = { buffer: Buffer.from(memory), view: new DataView(memory), end: size }
    let at = 0
    let offset = 0
    for (const bytes of list) {
      log.buffer.set(bytes, at)
      log.view.setBigInt64(at, BigInt(offset))
      offset += log.view.getInt32(at + 23) + 1
      at += bytes.length
    }
    return log
  })
}

/** What fetches would bring: about 1 MiB of each partition in turn, whole batches. */
function* fetchesInTurn() {
  const positions = logs.map(() => ({ start: 0, offset: 0 }))
  for (let left = partitions; left > 0;) {
    left = 0
    for (const [partition, { buffer, view, end }] of logs.entries()) {
      const position = positions[partition]!
      if (position.start === end) continue
      left++
      const { start, offset: fromOffset } = position
      let at = start
      let nextOffset = fromOffset
      while (at < end && at - start < fetchBytes) {
        nextOffset += view.getInt32(at + 23) + 1
        at += 12 + view.getInt32(at + 8)
      }
      positions[partition] = { start: at, offset: nextOffset }
      yield { partition, bytes: buffer, view, start, end: at, fromOffset, nextOffset }
    }
  }
}
