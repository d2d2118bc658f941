import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { BatchReader } from '../batch-reader.ts'
import { RecordColumns } from '../columns.ts'
import { deadLetterReasons } from '../dead-letter-reason.ts'
import { fetched, recordBatch, type RecordSpec } from '../fixtures/record-batch.ts'
import type { Framing } from './framing.ts'
import { openedBytesPerBatch, valueOpener } from './value-opener.ts'

const json = Buffer.from('{"a":1}')
const prefixed = (...bytes: number[]) => Buffer.concat([Buffer.from(bytes), json])
const uuid = Array<number>(16).fill(0xe9)

function columnsOf(records: readonly RecordSpec[]): RecordColumns {
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  const columns = new RecordColumns()
  reader.open(fetched([recordBatch({ records })]))
  reader.fill(columns)
  columns.clearFindings()
  return columns
}

/** Of each record the value that is found, null for a tombstone, or the reason and cause of its dead letter. */
function opened(framing: Framing, records: readonly RecordSpec[]): (string | null)[] {
  const columns = columnsOf(records)
  assert.equal(valueOpener(framing)(columns), records.length)
  return Array.from({ length: columns.count }, (_, row) => {
    const { reason, causes, bytes, valueStart, valueEnd } = columns
    if (reason[row] !== 0) return `${deadLetterReasons[reason[row]!]!.name}: ${causes.get(row)}`
    return valueStart[row]! < 0 ? null : Buffer.from(bytes.subarray(valueStart[row], valueEnd[row])).toString()
  })
}

describe('valueOpener', () => {
  it('passes over the prefix of a Confluent schema registry, and knows its header', () => {
    const found = opened({ kind: 'confluentJson' }, [
      { value: prefixed(0, 0, 0, 0, 7) },
      { value: null },
      { value: json, headers: [['__value_schema_id', '\u0001 and a GUID']] },
      { value: json },
      { value: Buffer.of(0, 0, 0, 0, 7) },
      { value: '' },
    ])

    const missing = 'UNDECODABLE: the value has no prefix of a Confluent schema registry, nor its header'
    assert.deepEqual(found, ['{"a":1}', null, '{"a":1}', missing, missing, missing])
  })

  it('takes the schemas that are named only, by number or by GUID', () => {
    const guid = `\u0001${'ab'.repeat(8)}`
    const framing: Framing = { kind: 'confluentJson', ids: new Set([258, '61626162-6162-6162-6162-616261626162']) }
    const found = opened(framing, [
      { value: prefixed(0, 0, 0, 1, 2) },
      { value: prefixed(0, 0, 0, 1, 3) },
      { value: prefixed(0, 255, 255, 255, 255) },
      { value: json, headers: [['__value_schema_id', guid]] },
      { value: json, headers: [['__value_schema_id', `\u0001${'ac'.repeat(8)}`]] },
      { value: json, headers: [['__value_schema_id', '\u0000\u0000\u0000\u0001\u0002']] },
      { value: json, headers: [['__value_schema_id', 'x']] },
    ])

    const unknown = (id: string) =>
      `UNDECODABLE: the value has the schema id ${id}, which is none of those that ids names`
    assert.deepEqual(found, [
      '{"a":1}',
      unknown('259'),
      unknown('4294967295'),
      '{"a":1}',
      unknown('61636163-6163-6163-6163-616361636163'),
      '{"a":1}',
      unknown('of an unknown form'),
    ])
  })

  it('passes over the prefix of an Apicurio registry, of either length, and knows its headers', () => {
    const without = 'UNDECODABLE: the value has no prefix of an Apicurio registry, nor one of its headers'

    assert.deepEqual(
      opened({ kind: 'apicurioJson', idBytes: 4 }, [
        { value: prefixed(0, 0, 0, 0, 5) },
        { value: json, headers: [['apicurio.value.contentId', '12345678']] },
        { value: json },
      ]),
      ['{"a":1}', '{"a":1}', without],
    )
    assert.deepEqual(opened({ kind: 'apicurioJson', idBytes: 8 }, [{ value: prefixed(0, 0, 0, 0, 0, 0, 0, 0, 5) }]), [
      '{"a":1}',
    ])
  })

  it('passes over the prefix of the AWS Glue schema registry, and opens what it has compressed', () => {
    const zipped = Buffer.concat([Buffer.of(3, 5, ...uuid), deflateSync(json)])
    const bomb = Buffer.concat([Buffer.of(3, 5, ...uuid), deflateSync(Buffer.alloc(101))])
    const found = opened({ kind: 'glueJson', bytesMax: 100 }, [
      { value: prefixed(3, 0, ...uuid) },
      { value: zipped },
      { value: null },
      { value: bomb },
      { value: Buffer.concat([Buffer.of(3, 5, ...uuid), Buffer.of(1, 2)]) },
      { value: prefixed(3, 1, ...uuid) },
      { value: json },
    ])

    const without = 'UNDECODABLE: the value has no prefix of the AWS Glue schema registry'
    assert.deepEqual(found, [
      '{"a":1}',
      '{"a":1}',
      null,
      'UNDECODABLE: the value cannot be opened as zlib: it opens to more than 100 bytes',
      'UNDECODABLE: the value cannot be opened as zlib: incorrect header check',
      without,
      without,
    ])
  })

  for (const [compression, compress] of [
    ['gzip', gzipSync],
    ['zlib', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    it(`opens values compressed with ${compression}, and no further than it may`, () => {
      const framing: Framing = { kind: 'compressedJson', compression, bytesMax: 50 }
      const found = opened(framing, [
        { value: compress(json), key: 'k', headers: [['h', 'v']] },
        { value: null, key: 'tombstone' },
        { value: compress(Buffer.alloc(51)) },
        { value: json },
        { value: compress(Buffer.alloc(0)) },
      ])

      assert.deepEqual(found.slice(0, 2), ['{"a":1}', null])
      assert.match(found[2]!, new RegExp(`^UNDECODABLE: .* as ${compression}: it opens to more than 50 bytes$`))
      assert.match(found[3]!, new RegExp(`^UNDECODABLE: the value cannot be opened as ${compression}: `))
      assert.equal(found[4], '')
    })
  }

  it('opens a value of several zstd frames', () => {
    const value = Buffer.concat(['{"a"', ':1}'].map((text) => zstdCompressSync(text)))

    assert.deepEqual(opened({ kind: 'compressedJson', compression: 'zstd', bytesMax: 50 }, [{ value }]), ['{"a":1}'])
  })

  it('makes a text in base64 of any bytes', () => {
    const found = opened({ kind: 'rawBytes' }, [{ value: Buffer.of(0, 255, 34) }, { value: '' }, { value: null }])

    assert.deepEqual(found, ['"AP8i"', '""', null])
  })

  it('opens no more values at a time than there is memory for, and one at least', () => {
    const value = gzipSync(Buffer.alloc(openedBytesPerBatch / 2))
    const columns = columnsOf(Array.from({ length: 5 }, () => ({ value })))
    const open = valueOpener({ kind: 'compressedJson', compression: 'gzip', bytesMax: 64 << 20 })

    const room = open(columns)

    assert.equal(room, 2)
    assert.equal(columns.count, 2)
    assert.equal(columns.bytes.length > openedBytesPerBatch, true)
  })
})
