import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchReader } from './batch-reader.ts'
import { RecordColumns } from './columns.ts'
import { fetched } from './fixtures/record-batch.ts'
import { plainRecord } from './plain-record.ts'
import { recordBatchOf } from './record-batch.ts'
import { RecordPlace } from './record-place.ts'

/** A record, as it comes from a topic. */
function columnsOf(key: Uint8Array | undefined, value: Uint8Array | undefined): RecordColumns {
  const batch = recordBatchOf(5, 1_790_000_000_000, { key, value, headerCount: 0, headers: new Uint8Array(0) })
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  reader.open(fetched([batch], { fromOffset: 5 }))
  const columns = new RecordColumns()
  assert.ok(reader.fill(columns))
  return columns
}

describe('RecordPlace', () => {
  it('finds key and value where the record has them, of any length, and says where it has none', () => {
    const place = new RecordPlace()
    for (const keyBytes of [-1, 0, 1, 63, 64, 8_191, 8_192]) {
      for (const valueBytes of [-1, 0, 63, 64, 8_191, 8_192, 100_000]) {
        const [key, value] = [keyBytes, valueBytes].map((length) =>
          length < 0 ? undefined : Buffer.alloc(length, length),
        )
        const columns = columnsOf(key, value)
        const plain = plainRecord(columns, 0)

        place.find(columns, 0)

        const { keyStart, keyEnd, valueStart, valueEnd } = place
        const bytesIn = (start: number, end: number) => (end < start ? undefined : columns.bytes.subarray(start, end))
        assert.deepEqual([bytesIn(keyStart, keyEnd), bytesIn(valueStart, valueEnd)], [plain.key, plain.value])
      }
    }
  })

  it('refuses lengths that reach over the end of the record', () => {
    const columns = columnsOf(Buffer.from('k'), Buffer.alloc(40))
    columns.recordEnd[0]! -= 2

    assert.throws(() => new RecordPlace().find(columns, 0), RangeError)
  })
})
