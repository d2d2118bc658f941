import { crc32c } from '@node-rs/crc32'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MillraceError } from '../core/errors.ts'
import { BatchReader } from './batch-reader.ts'
import { RecordColumns } from './columns.ts'
import { codecs, fetched, readAll, recordBatch } from './fixtures/record-batch.ts'
import { check } from '../../test/property.ts'

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.nat(5000).map((length) => 'x'.repeat(length)),
)
const record = fc.record({
  key: fc.option(text),
  value: fc.option(text),
  timestampDelta: fc.oneof(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -(2 ** 46), max: 2 ** 46 })),
  headers: fc.array(fc.tuple(text, text), { maxLength: 2 }),
})
const batch = fc.record({
  records: fc.array(record, { maxLength: 5 }),
  codec: fc.constantFrom('none' as const, 'none' as const, 'none' as const, ...codecs),
  gap: fc.nat(3),
  isTransactional: fc.boolean(),
  isControl: fc.boolean(),
  producerId: fc.bigInt({ min: 1n, max: 3n }),
})
const batches = fc.array(batch, { minLength: 1, maxLength: 4 }).map((specs) => {
  let offset = 0
  return specs.map(({ gap, ...spec }) => {
    const baseOffset = offset + gap
    const lastOffsetDelta = spec.records.length + gap
    offset = baseOffset + lastOffsetDelta + 1
    const codec = spec.records.length === 0 ? 'none' : spec.codec
    return { ...spec, codec, baseOffset, lastOffsetDelta, baseTimestamp: 1_790_000_000_000 }
  })
})

const mutation = fc.record({
  batch: fc.nat(3),
  /** Most of them in the header and the first record, where a byte says most. */
  at: fc.oneof(fc.nat(60), fc.integer({ min: 61, max: 80 }), fc.nat(6000)),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
  /** Whether the checksum is made right again, so that the damage is met after it. */
  isStamped: fc.constantFrom(true, true, true, false),
})

const fetchSpec = fc.record({
  fromOffset: fc.nat(20),
  aborted: fc.array(fc.record({ producerId: fc.bigInt({ min: 1n, max: 3n }), firstOffset: fc.nat(30) }), {
    maxLength: 3,
  }),
})

describe('BatchReader on any batches', () => {
  it('finds every record that is visible', () => {
    check(
      fc.property(batches, fc.nat(20), (specs, fromOffset) => {
        const expected = specs
          .filter(({ isControl }) => !isControl)
          .flatMap(({ baseOffset, baseTimestamp, records }) =>
            records.map(({ value, timestampDelta }, place) => ({
              offset: baseOffset + place,
              timestamp: baseTimestamp + timestampDelta,
              value: value === null ? null : value.toWellFormed(),
            })),
          )
          .filter(({ offset }) => offset >= fromOffset)

        assert.deepEqual(readAll(specs.map(recordBatch), { fromOffset }), expected)
      }),
      500,
    )
  })

  it('reads nothing outside of damaged batches, ends, and throws nothing but its own errors', () => {
    check(
      fc.property(
        batches,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fetchSpec,
        fc.nat(100),
        (specs, mutations, spec, cut) => {
          const encoded = specs.map(recordBatch)
          for (const { batch, at, bytes, isStamped } of mutations)
            damage(encoded[batch % encoded.length]!, at, bytes, isStamped)
          const source = fetched(encoded, spec)
          source.end = Math.max(source.start, source.end - cut)
          const reader = new BatchReader({ decompressedBytesMax: 100_000 })
          const columns = new RecordColumns()
          reader.open(source)
          try {
            while (reader.fill(columns)) assertInside(columns, source.bytes === columns.bytes ? source : undefined)
          } catch (error) {
            if (!MillraceError.is(error)) throw error
          }
        },
      ),
      3000,
    )
  })
})

function damage(batch: Buffer, at: number, bytes: Uint8Array, isStamped: boolean): void {
  batch.set(bytes.subarray(0, Math.max(0, batch.length - (at % batch.length))), at % batch.length)
  if (isStamped) batch.writeUInt32BE(crc32c(batch.subarray(21, Math.max(21, 12 + batch.readInt32BE(8)))), 17)
}

/** Every place in the columns lies in the bytes of the source, or of the opened batch. */
function assertInside(
  columns: RecordColumns,
  source: { start: number; end: number } = { start: 0, end: columns.bytes.length },
): void {
  assert.ok(columns.count > 0)
  for (let row = 0; row < columns.count; row++) {
    const [start, end] = [columns.recordStart[row]!, columns.recordEnd[row]!]
    const [valueStart, valueEnd] = [columns.valueStart[row]!, columns.valueEnd[row]!]
    assert.ok(source.start <= start && start < end && end <= source.end)
    assert.ok(valueStart === -1 || (start < valueStart && valueStart <= valueEnd))
    assert.ok(start < valueEnd && valueEnd < end)
    assert.ok(Number.isSafeInteger(columns.offset[row]) && columns.offset[row]! >= 0)
  }
}
