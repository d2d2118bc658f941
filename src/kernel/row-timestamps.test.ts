import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchReader } from './batch-reader.ts'
import { RecordColumns } from './columns.ts'
import { fetched, recordBatch } from './fixtures/record-batch.ts'
import { RowTimestamps } from './row-timestamps.ts'

const missing = 'a.ts, the field of the timestamp, is missing'
const none = 'a.ts, the field of the timestamp, has neither milliseconds nor a time in ISO 8601 with its offset'

describe('RowTimestamps', () => {
  for (const [value, time] of [
    ['0', 0],
    ['1767268800000', 1_767_268_800_000],
    ['1767268800000.9', 1_767_268_800_000],
    ['1.7672688e12', 1_767_268_800_000],
    ['-1', none],
    ['1e300', none],
    ['"2026-01-01T12:00:00Z"', 1_767_268_800_000],
    ['"2026-01-01T13:00:00.123456789+01:00"', 1_767_268_800_123],
    ['"2026-01-01T12:00Z"', 1_767_268_800_000],
    ['"\\u0032026-01-01"', 1_767_225_600_000],
    ['"2026-01-01T12:00:00"', none],
    ['"2026-13-01"', none],
    ['"yesterday"', none],
    ['"1767268800000"', none],
    ['true', none],
    ['null', none],
    ['[1]', none],
    ['{}', none],
  ] as const) {
    it(`reads ${value} as ${time}`, () => {
      assert.equal(read(`{"a":{"ts":7,"ts":${value}}}`), time)
    })
  }

  it('knows that there is none', () => {
    assert.equal(read('{"ts":1}'), missing)
    assert.equal(read('{"a":'), missing)
  })
})

function read(value: string): number | string {
  const columns = new RecordColumns()
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  reader.open(fetched([recordBatch({ records: [{ value }] })]))
  reader.fill(columns)
  return new RowTimestamps(['a', 'ts'], 'a.ts', 8).read(columns, 0)
}
