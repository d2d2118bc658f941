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
  PendingTable,
  plainRecord,
  readRoutedPlace,
  Reason,
  recordBatchOf,
  RecordColumns,
  RoutedParts,
  rowFlags,
  sourceSlackBytes,
} from '../../kernel/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { TimestampWindow } from '../time/timestamp-window.ts'
import { RoutedRows } from './routed-rows.ts'

const nowMs = 1_000_000
/** Beyond it the topics take no record. */
const aheadMaxMs = 500_000
const sideNames = ['A', 'second']

const bytes = fc.uint8Array({ maxLength: 40 })
const record = fc.record({
  key: fc.option(bytes, { nil: undefined }),
  /** As JSON, which need not be the canonical one. */
  mergeKey: fc.oneof(
    fc.integer().map(String),
    fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
    fc.constantFrom('1.0', '1e2', '"\\u0061b"', '""', `"${'k'.repeat(90)}"`),
  ),
  side: fc.constantFrom(...sideNames),
  filling: fc.string({ maxLength: 60 }),
  headers: fc.array(fc.tuple(fc.constantFrom('a', '', 's', 'trace', 'millrace.origins'), bytes), { maxLength: 3 }),
  areHeadersWhole: fc.boolean(),
  timestampMs: fc.oneof(fc.nat(nowMs), fc.constant(nowMs + 2 * aheadMaxMs)),
  isStray: fc.boolean(),
})
type Drawn = typeof record extends fc.Arbitrary<infer Value> ? Value : never

const course = fc.record({
  records: fc.array(record, { maxLength: 30 }),
  number: fc.nat(20),
  firstOffset: fc.oneof(fc.nat(200), fc.constant(2 ** 40)),
  partitionCount: fc.integer({ min: 1, max: 12 }),
  recordBytesMax: fc.constantFrom(150, 10_000),
  batchBytes: fc.constantFrom(300, 5_000),
  /** Of the epochs, one after the other. */
  rooms: fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }),
})

/** A routed part as it is written, and as it is read again. */
interface Part {
  readonly place: unknown
  readonly key: string | undefined
  readonly value: string | undefined
  readonly headers: readonly string[]
  readonly timestampMs: number
}

function valueOf({ mergeKey, filling, isStray, side }: Drawn): Buffer {
  const route = JSON.stringify(isStray ? 'elsewhere' : side)
  return Buffer.from(`{"side":${route},"id":${mergeKey},"part": ${JSON.stringify({ filling })} }`)
}

/** One side keeps a field, the other all of the record. */
function partOf(drawn: Drawn): Buffer {
  return drawn.side === 'A' ? Buffer.from(JSON.stringify({ filling: drawn.filling })) : valueOf(drawn)
}

/** A key as it stands in merged records: without quotes, in UTF-8. */
function canonicalOf({ mergeKey }: Drawn): string {
  return String(JSON.parse(mergeKey))
}

function headerText([name, value]: readonly [string, Uint8Array]): string {
  return `${name}=${Buffer.from(value).toString('hex')}`
}

/** What is to be written of the rows with these numbers, by partition. */
function expectedParts(
  { records, number, firstOffset, partitionCount }: typeof course extends fc.Arbitrary<infer Value> ? Value : never,
  rows: readonly number[],
): Part[][] {
  const parts: Part[][] = Array.from({ length: partitionCount }, () => [])
  for (const row of rows) {
    const drawn = records[row]!
    parts[partitionForKey(Buffer.from(canonicalOf(drawn)), partitionCount)]!.push({
      place: { partition: number, offset: firstOffset + row },
      key: drawn.mergeKey,
      value: partOf(drawn).toString(),
      headers: [
        ...(drawn.areHeadersWhole ? drawn.headers.map(headerText) : []),
        headerText(['s', Buffer.from(drawn.side)]),
      ],
      timestampMs: drawn.timestampMs,
    })
  }
  return parts
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

/** What was written, by partition. */
function writtenIn(batches: readonly OutputBatch[], partitionCount: number): Part[][] {
  const parts: Part[][] = Array.from({ length: partitionCount }, () => [])
  for (const batch of batches) {
    columnsOf([Buffer.from(batch.seal(noProducer))], batch.partition, (columns) => {
      for (let row = 0; row < columns.count; row++) {
        const { key, value } = plainRecord(columns, row)
        const headers = headersOf(columns, row).map(
          ([name, content]) => [Buffer.from(name).toString(), content!] as const,
        )
        assert.equal(headers.pop()![0], '')
        parts[batch.partition]!.push({
          place: readRoutedPlace(columns, row),
          key: key && Buffer.from(key).toString(),
          value: value && Buffer.from(value).toString(),
          headers: headers.map(headerText),
          timestampMs: columns.timestamp[row]!,
        })
      }
    })
  }
  return parts
}

/** Whether `RoutedParts` is to find what a record says. */
function isPlain(drawn: Drawn): boolean {
  const canonical = canonicalOf(drawn)
  const isLong = drawn.areHeadersWhole && drawn.headers.some(([, value]) => value.length > 63)
  return !isLong && [canonical, `"${canonical}"`].includes(drawn.mergeKey)
}

/** Opens each part by itself, and compares it with what its record says. */
function assertOpened(batches: readonly OutputBatch[], records: readonly Drawn[], firstOffset: number): void {
  // Others may be of no source.
  const opener = new RoutedParts(sideNames.map((name, side) => [side, name]))
  for (const batch of batches) {
    columnsOf([Buffer.from(batch.seal(noProducer))], batch.partition, (columns) => {
      for (let row = 0; row < columns.count; row++) {
        const drawn = records[readRoutedPlace(columns, row)!.offset - firstOffset]!
        const one = columns.pick([row])
        assert.equal(opener.open(one), isPlain(drawn), 'those that look as most do are opened')
        if (!isPlain(drawn)) continue
        const textOf = (start: Int32Array, end: Int32Array) =>
          Buffer.from(one.bytes.subarray(start[0], end[0])).toString()
        assert.deepEqual(
          {
            side: sideNames[one.side[0]!],
            reason: one.reason[0],
            key: textOf(one.keyStart, one.keyEnd),
            isNumber: (one.flags[0]! & rowFlags.keyIsNumber) !== 0,
            part: textOf(one.partStart, one.partEnd),
          },
          {
            side: drawn.side,
            reason: 0,
            key: canonicalOf(drawn),
            isNumber: !drawn.mergeKey.startsWith('"'),
            part: partOf(drawn).toString(),
          },
        )
      }
    })
  }
}

describe('RoutedRows', () => {
  it('writes the part of each record that it takes to the partition of its merge key, once, and names its place', () => {
    check(
      fc.property(course, (drawn) => {
        const { records, number, firstOffset, partitionCount, recordBytesMax, batchBytes, rooms } = drawn
        const filled: OutputBatch[] = []
        const out = new OutputBuilder({ sink: 0, partitionCount, batchBytes, onFilled: (batch) => filled.push(batch) })
        const unused = new OutputBuilder({ sink: 1, partitionCount: 2, batchBytes, onFilled: () => assert.fail() })
        const times = new TimestampWindow({ beforeMaxMs: Infinity, afterMaxMs: aheadMaxMs }, { nowMs: () => nowMs }, 0)
        const topics = [unused, out].map((each) => ({ out: each, recordBytesMax, times }))
        const sourceOf = (partition: number) => Number(partition === number)
        const table = new PendingTable({
          sideCount: sideNames.length,
          isUnused: true,
          carries: true,
          bytesMax: 2 ** 30,
          hashSeed: [1, 2],
          duplicateReason: Reason.DUPLICATE,
          tooLargeReason: Reason.MERGE_TOO_LARGE,
          refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
        })
        const routed = new RoutedRows(table.routes, topics, sideNames, { sourceOf })
        const counts = new EpochCounts(Array<number>(21).fill(0))
        const key = { kind: 'field', path: ['id'] } as const
        const decoder = new Decoder({
          route: ['side'],
          sides: [
            { name: 'A', part: { kind: 'field', path: ['part'] }, key },
            { name: 'second', part: { kind: 'record' }, key },
          ],
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
        table.flush()

        assert.equal(reasons.length, records.length)
        const rows = [...reasons.keys()].filter((row) => reasons[row] === 0)
        assert.deepEqual(writtenIn(filled, partitionCount), expectedParts(drawn, rows))
        assertOpened(filled, records, firstOffset)
        assert.equal(counts.emitted[number], rows.length)
        for (const [row, { isStray, timestampMs }] of records.entries()) {
          const expected = isStray ? Reason.UNKNOWN_STAGE : timestampMs > nowMs ? Reason.MERGE_TIMESTAMP_REFUSED : 0
          if (reasons[row] === Reason.MERGE_TOO_LARGE) assert.ok(expected === 0 && recordBytesMax === 150)
          else assert.equal(reasons[row], expected)
        }
      }),
      200,
    )
  })
})
