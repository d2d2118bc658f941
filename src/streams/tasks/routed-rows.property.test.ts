import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { partitionForKey } from '../../kafka/index.ts'
import {
  BatchReader,
  Decoder,
  encodeHeader,
  headersOf,
  noProducer,
  noSide,
  type OutputBatch,
  OutputBuilder,
  plainRecord,
  readOrigins,
  Reason,
  recordBatchOf,
  RecordColumns,
  sourceSlackBytes,
} from '../../kernel/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { TimestampWindow } from '../time/timestamp-window.ts'
import { RoutedRows } from './routed-rows.ts'

const nowMs = 1_000_000
/** Beyond it the topics take no record. */
const aheadMaxMs = 500_000

const bytes = fc.uint8Array({ maxLength: 40 })
const record = fc.record({
  key: fc.option(bytes, { nil: undefined }),
  mergeKey: fc.oneof(fc.integer(), fc.string({ maxLength: 12 })),
  filling: fc.string({ maxLength: 60 }),
  headers: fc.array(fc.tuple(fc.constantFrom('a', 'trace', 'millrace.origins'), bytes), { maxLength: 3 }),
  areHeadersWhole: fc.boolean(),
  timestampMs: fc.oneof(fc.nat(nowMs), fc.constant(nowMs + 2 * aheadMaxMs)),
  isStray: fc.boolean(),
})
type Drawn = typeof record extends fc.Arbitrary<infer Value> ? Value : never

const course = fc.record({
  records: fc.array(record, { maxLength: 30 }),
  number: fc.nat(5),
  firstOffset: fc.oneof(fc.nat(200), fc.constant(2 ** 40)),
  partitionCount: fc.integer({ min: 1, max: 12 }),
  recordBytesMax: fc.constantFrom(150, 10_000),
  /** Of the epochs, one after the other. */
  rooms: fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }),
})

/** A record as it is written, and as it is read again. */
interface Copy {
  readonly key: string | undefined
  readonly value: string | undefined
  readonly headers: readonly string[]
  readonly timestampMs: number
}

function valueOf({ mergeKey, filling, isStray }: Drawn): Buffer {
  return Buffer.from(JSON.stringify({ side: isStray ? 'elsewhere' : 'A', id: mergeKey, filling }))
}

function headerText([name, value]: readonly [string, Uint8Array]): string {
  return `${name}=${Buffer.from(value).toString('hex')}`
}

/** What is to be written of the rows with these numbers, by partition. */
function expectedCopies(records: readonly Drawn[], rows: readonly number[], partitionCount: number): Copy[][] {
  const copies: Copy[][] = Array.from({ length: partitionCount }, () => [])
  for (const row of rows) {
    const { key, mergeKey, headers, areHeadersWhole, timestampMs } = records[row]!
    copies[partitionForKey(Buffer.from(jsonKey(mergeKey)), partitionCount)]!.push({
      key: key && Buffer.from(key).toString('hex'),
      value: valueOf(records[row]!).toString('hex'),
      headers: areHeadersWhole ? headers.map(headerText) : [],
      timestampMs,
    })
  }
  return copies
}

/** A key as it stands in merged records: without quotes, in UTF-8. */
function jsonKey(mergeKey: string | number): string {
  return String(mergeKey)
}

function columnsOf(batches: readonly Uint8Array[], partition: number, visit: (columns: RecordColumns) => void): void {
  const memory = Buffer.concat([...batches, Buffer.alloc(sourceSlackBytes, 0xff)])
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  reader.open({
    partition,
    bytes: memory,
    view: new DataView(memory.buffer, memory.byteOffset, memory.length),
    start: 0,
    end: memory.length - sourceSlackBytes,
    fromOffset: 0,
    nextOffset: 2 ** 41,
    endOffset: 2 ** 41,
    aborted: [],
  })
  const columns = new RecordColumns()
  while (reader.fill(columns)) visit(columns)
}

/** What was written, by partition, and the place that the last header of each names. */
function writtenIn(batches: readonly OutputBatch[], partitionCount: number) {
  const copies: Copy[][] = Array.from({ length: partitionCount }, () => [])
  const origins: unknown[] = []
  for (const batch of batches) {
    columnsOf([Buffer.from(batch.seal(noProducer))], batch.partition, (columns) => {
      for (let row = 0; row < columns.count; row++) {
        const { key, value } = plainRecord(columns, row)
        const headers = headersOf(columns, row).map(
          ([name, content]) => [Buffer.from(name).toString(), content!] as const,
        )
        const [name, origin] = headers.pop()!
        assert.equal(name, 'millrace.origins')
        origins.push(readOrigins(origin)?.[0])
        copies[batch.partition]!.push({
          key: key && Buffer.from(key).toString('hex'),
          value: value && Buffer.from(value).toString('hex'),
          headers: headers.map(headerText),
          timestampMs: columns.timestamp[row]!,
        })
      }
    })
  }
  return { copies, origins }
}

describe('RoutedRows', () => {
  it('copies each record that it takes to the partition of its merge key, as it was, and names its place', () => {
    check(
      fc.property(course, ({ records, number, firstOffset, partitionCount, recordBytesMax, rooms }) => {
        const filled: OutputBatch[] = []
        const out = new OutputBuilder({
          sink: 0,
          partitionCount,
          batchBytes: 300,
          onFilled: (batch) => filled.push(batch),
        })
        const unused = new OutputBuilder({ sink: 1, partitionCount, batchBytes: 300, onFilled: () => assert.fail() })
        const times = new TimestampWindow({ beforeMaxMs: Infinity, afterMaxMs: aheadMaxMs }, { nowMs: () => nowMs }, 0)
        const topics = [unused, out].map((each) => ({ out: each, recordBytesMax, times }))
        const list = Array.from({ length: 6 }, (_, partition) => ({ source: Number(partition === number), partition }))
        const routed = new RoutedRows(topics, { list })
        const counts = new EpochCounts(list.map(() => 0))
        const decoder = new Decoder({
          route: ['side'],
          sides: [{ name: 'A', part: { kind: 'record' }, key: { kind: 'field', path: ['id'] } }],
          depthMax: 10,
          keyBytesMax: 100,
        })
        const batches = records.map((each, row) => {
          const headers = Buffer.concat(each.headers.map(([name, value]) => encodeHeader(name, value)))
          // One header more than there is.
          const headerCount = each.headers.length + Number(!each.areHeadersWhole)
          const whole = { key: each.key, value: valueOf(each), headerCount, headers }
          return recordBatchOf(firstOffset + row, each.timestampMs, whole)
        })
        const reasons: number[] = []
        let epoch = 0

        columnsOf(batches, number, (columns) => {
          decoder.decode(columns)
          while (columns.count > 0) {
            const taken = routed.take(columns, counts, rooms[epoch++ % rooms.length]!)
            assert.ok(taken > 0, 'an epoch takes one row at least')
            for (let row = 0; row < taken; row++) reasons.push(columns.side[row] === noSide ? columns.reason[row]! : 0)
            columns.drop(taken)
          }
        })
        out.flush()

        assert.equal(reasons.length, records.length)
        const rows = [...reasons.keys()].filter((row) => reasons[row] === 0)
        const { copies, origins } = writtenIn(filled, partitionCount)
        assert.deepEqual(copies, expectedCopies(records, rows, partitionCount))
        assert.deepEqual(
          new Set(origins.map((origin) => JSON.stringify(origin))),
          new Set(rows.map((row) => JSON.stringify({ partition: number, offset: firstOffset + row }))),
        )
        assert.equal(counts.emitted[number], rows.length)
        for (const [row, { isStray, timestampMs }] of records.entries()) {
          const expected = isStray ? Reason.UNKNOWN_STAGE : timestampMs > nowMs ? Reason.MERGE_TIMESTAMP_REFUSED : 0
          if (reasons[row] === Reason.MERGE_TOO_LARGE) assert.ok(expected === 0 && recordBytesMax === 150)
          else assert.equal(reasons[row], expected)
        }
      }),
      1_000,
    )
  })
})
