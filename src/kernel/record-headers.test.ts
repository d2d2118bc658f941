import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchReader } from './batch-reader.ts'
import { RecordColumns } from './columns.ts'
import { fetched, recordBatch, type RecordSpec, varint } from './fixtures/record-batch.ts'
import { headerOf, headersBefore } from './record-headers.ts'

function columnsOf(records: readonly RecordSpec[]): RecordColumns {
  const columns = new RecordColumns()
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  reader.open(fetched([recordBatch({ records })]))
  reader.fill(columns)
  return columns
}

function headersOf(records: readonly RecordSpec[], name: string): (string | undefined)[] {
  const columns = columnsOf(records)
  return records.map((_, row) => {
    const value = headerOf(columns, row, name)
    return value && Buffer.from(value).toString()
  })
}

describe('headersBefore', () => {
  const before = (headers: RecordSpec['headers'], name: string) => {
    const { headerCount, headers: bytes } = headersBefore(columnsOf([{ value: 'v', headers: headers! }]), 0, name)
    return [headerCount, Buffer.from(bytes).toString('latin1')]
  }

  it('gives what stands before the last header of a name, or all', () => {
    const headers = ['a', 'b', 'a', 'c'].map((name, at) => [name, String(at)] as const)

    assert.deepEqual(before(headers, 'a'), [2, '\u0002a\u00020\u0002b\u00021'])
    assert.deepEqual(before(headers, 'b'), [1, '\u0002a\u00020'])
    assert.deepEqual(before(headers.slice(0, 2), 'd'), [2, '\u0002a\u00020\u0002b\u00021'])
    assert.deepEqual(before([], 'a'), [0, ''])
  })
})

describe('headerOf', () => {
  it('gives the last value of a name, of records with and without key, value and other headers', () => {
    const headers: [string, string][] = [
      ['trace', 'one'],
      ['tracer', 'another'],
      ['', 'nameless'],
      ['trace', 'two'],
      ['empty', ''],
    ]
    const records = [{ headers }, { key: 'trace', value: 'trace', headers }, { value: '' }, { value: 'v', headers }]

    assert.deepEqual(headersOf(records, 'trace'), ['two', 'two', undefined, 'two'])
    assert.deepEqual(headersOf(records, 'empty'), ['', '', undefined, ''])
    assert.deepEqual(headersOf(records, 'Trace'), [undefined, undefined, undefined, undefined])
  })

  it('reads no further than the record, whatever its headers say', () => {
    const records = [{ headers: [['trace', 'one']] as const }, { headers: [['trace', 'two']] as const }]
    const columns = columnsOf(records)
    const at = columns.valueEnd[0]! + 1
    // The name claims to be as long as everything that follows.
    columns.bytes.set(varint(63), at)

    assert.equal(headerOf(columns, 0, 'trace'), undefined)
    assert.equal(Buffer.from(headerOf(columns, 1, 'trace')!).toString(), 'two')
  })
})
