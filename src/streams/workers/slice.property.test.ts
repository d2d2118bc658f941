import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { headersOf, plainRecord, RecordColumns, replaceValues } from '../../kernel/index.ts'
import { columnsOf } from './fixtures/columns-of.ts'
import { packSlice, planSlice, sliceEnd, slicesBytes, unpackSlice } from './slice.ts'

const content = fc.option(fc.uint8Array({ maxLength: 300 }))
const record = fc.record({ key: content, value: content, header: fc.string({ maxLength: 200 }) })
/** What becomes of a value before it is packed, and whether it is. */
const change = fc.record({
  to: fc.oneof(fc.constant(undefined), fc.constant(null), fc.uint8Array({ maxLength: 300 })),
  isTaken: fc.boolean(),
})

/** All that a function can see of a row. */
function seen(columns: RecordColumns, row: number) {
  const { bytes, valueStart, valueEnd, offset, timestamp, lane } = columns
  const value = valueStart[row]! < 0 ? null : Buffer.from(bytes.subarray(valueStart[row], valueEnd[row]))
  const { key, value: own } = plainRecord(columns, row)
  const headers = headersOf(columns, row).map((header) => header.map((each) => each && Buffer.from(each)))
  const plain = [key, own].map((each) => each && Buffer.from(each))
  return { value, plain, headers, offset: offset[row], timestamp: timestamp[row], lane: lane[row] }
}

describe('B17 a slice', () => {
  it('has of each of its rows what a function can see of it, wherever its value lies', () => {
    const unpacked = new RecordColumns()
    check(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 30 }),
        fc.array(change, { minLength: 30, maxLength: 30 }),
        fc.boolean(),
        fc.nat(4).map((words) => 8 * words),
        (records, changes, isReplaced, start) => {
          const columns = columnsOf(records)
          columns.lane.set(records.map((_, row) => row % 3))
          if (isReplaced) replaceValues(columns, (row) => changes[row]!.to)
          const rows = Int32Array.from(records.keys()).filter((row) => changes[row]!.isTaken)

          fc.pre(rows.length > 0)
          const plan = planSlice(columns, rows)
          const slices = new Uint8Array(slicesBytes(start + plan.size))
          packSlice(columns, rows, plan, slices, start)
          unpackSlice(slices, { start, count: rows.length, partition: 5 }, unpacked)

          assert.equal(unpacked.count, rows.length)
          rows.forEach((row, at) => assert.deepEqual(seen(unpacked, at), seen(columns, row)))
        },
      ),
    )
  })

  it('has so many rows, or so many bytes, at most, and one row at least', () => {
    const lengths = [10, 10, 1_000, 10, 10, 10]
    const columns = columnsOf(lengths.map((length) => ({ key: null, value: new Uint8Array(length), header: '' })))
    const rows = Int32Array.from([0, 1, 2, 3, 4, 5])
    const ends = (limits: { rowsMax: number; bytesMax: number }) => {
      const found: number[] = []
      for (let from = 0; from < rows.length;) found.push((from = sliceEnd(columns, rows, from, limits)))
      return found
    }

    assert.deepEqual(ends({ rowsMax: 4, bytesMax: 1e6 }), [4, 6])
    assert.deepEqual(ends({ rowsMax: 4, bytesMax: 100 }), [2, 3, 6])
  })
})
