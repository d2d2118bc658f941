import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { BatchReader } from '../batch-reader.ts'
import { RecordColumns } from '../columns.ts'
import { fetched, recordBatch } from '../fixtures/record-batch.ts'
import { plainRecord } from '../plain-record.ts'
import { headerOf } from '../record-headers.ts'
import { replaceValues } from './replaced-values.ts'

const content = fc.option(fc.uint8Array({ maxLength: 300 }))
const record = fc.record({ key: content, value: content, header: fc.string({ maxLength: 200 }) })
/** What becomes of a value in a round: it stays, goes, or becomes another. */
const change = fc.oneof(fc.constant(undefined), fc.constant(null), fc.uint8Array({ maxLength: 300 }))

describe('replaceValues', () => {
  it('gives rows other values, over and over, and keeps the record that they came with', () => {
    check(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 20 }),
        fc.array(fc.array(change, { minLength: 20, maxLength: 20 }), { maxLength: 4 }),
        (records, rounds) => {
          const columns = new RecordColumns()
          const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
          const specs = records.map(({ key, value, header }) => ({ key, value, headers: [['h', header]] as const }))
          reader.open(fetched([recordBatch({ records: specs })]))
          reader.fill(columns)
          const expected = records.map(({ value }) => value)

          for (const round of rounds) {
            replaceValues(columns, (row) => round[row])
            for (let row = 0; row < records.length; row++) {
              const to = round[row]
              if (to !== undefined) expected[row] = to
            }
          }

          for (const [row, { key, value, header }] of records.entries()) {
            const { bytes, valueStart, valueEnd, offset } = columns
            const now = valueStart[row]! < 0 ? null : bytes.subarray(valueStart[row], valueEnd[row])
            const plain = plainRecord(columns, row)
            assert.deepEqual(now && Buffer.from(now), expected[row] && Buffer.from(expected[row]))
            assert.deepEqual(plain.key && Buffer.from(plain.key), key === null ? undefined : Buffer.from(key))
            assert.deepEqual(plain.value && Buffer.from(plain.value), value === null ? undefined : Buffer.from(value))
            assert.equal(Buffer.from(headerOf(columns, row, 'h')!).toString(), Buffer.from(header).toString())
            assert.equal(offset[row], row)
          }
        },
      ),
    )
  })
})
