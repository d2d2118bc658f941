import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchReader } from '../batch-reader.ts'
import { RecordColumns, rowFlags } from '../columns.ts'
import { deadLetterReasons } from '../dead-letter-reason.ts'
import { Decoder } from '../decoder.ts'
import { fetched, type RecordSpec, recordBatch } from '../fixtures/record-batch.ts'
import type { KeyPlace } from './key-place.ts'

const keyBytesMax = 40

/** The key of a record as the table is given it, and how it leaves; or why it has none. */
function keyIn(record: RecordSpec, key: KeyPlace): unknown {
  const columns = new RecordColumns()
  const reader = new BatchReader({ decompressedBytesMax: 0 })
  reader.open(fetched([recordBatch({ records: [record] })]))
  reader.fill(columns)
  columns.side[0] = 0
  const side = { name: 'A', part: { kind: 'record' }, key } as const
  new Decoder({ route: undefined, sides: [side], depthMax: 10, keyBytesMax }).decode(columns)
  const { reason, causes, flags, keyStart, keyEnd, spellingStart, spellingEnd, bytes, extra } = columns
  if (reason[0] !== 0) return [deadLetterReasons[reason[0]!]!.name, causes.get(0)]
  const has = (flag: number) => (flags[0]! & flag) !== 0
  const text = (inExtra: boolean, start: number, end: number) =>
    Buffer.from((inExtra ? extra.bytes : bytes).subarray(start, end)).toString()
  const canonical = text(has(rowFlags.keyInExtra), keyStart[0]!, keyEnd[0]!)
  const plain = has(rowFlags.keyIsNumber) ? canonical : `"${canonical}"`
  const spelling = text(has(rowFlags.spellingInExtra), spellingStart[0]!, spellingEnd[0]!)
  return { canonical, spelling: has(rowFlags.keyRespelled) ? spelling : plain }
}

const recordKey = (as: 'text' | 'json' | 'base64'): KeyPlace => ({ kind: 'recordKey', as })
const value = '{"id":1}'

describe('a merge key that is the key of the record', () => {
  it('is a string of its text, which leaves as JSON', () => {
    assert.deepEqual(keyIn({ key: 'o-17', value }, recordKey('text')), { canonical: 'o-17', spelling: '"o-17"' })
    assert.deepEqual(keyIn({ key: '', value }, recordKey('text')), { canonical: '', spelling: '""' })
    assert.deepEqual(keyIn({ key: 'Ærø', value }, recordKey('text')), { canonical: 'Ærø', spelling: '"Ærø"' })
    assert.deepEqual(keyIn({ key: 'a"\\\n', value }, recordKey('text')), {
      canonical: 'a"\\\n',
      spelling: String.raw`"a\"\\\n"`,
    })
  })

  it('is the string or number of its JSON', () => {
    assert.deepEqual(keyIn({ key: '17', value }, recordKey('json')), { canonical: '17', spelling: '17' })
    assert.deepEqual(keyIn({ key: ' 1.70e1\n', value }, recordKey('json')), { canonical: '17', spelling: '1.70e1' })
    assert.deepEqual(keyIn({ key: '"a"', value }, recordKey('json')), { canonical: 'a', spelling: '"a"' })
    assert.deepEqual(keyIn({ key: String.raw`"\u0061"`, value }, recordKey('json')), {
      canonical: 'a',
      spelling: String.raw`"\u0061"`,
    })
  })

  it('is a string in base64 of any bytes', () => {
    const key = Buffer.of(0xff, 0x00, 0xfe)
    assert.deepEqual(keyIn({ key, value }, recordKey('base64')), { canonical: '/wD+', spelling: '"/wD+"' })
  })

  it('is refused where it is missing, too long, or not what it is read as, in words', () => {
    const wide = 'x'.repeat(keyBytesMax + 1)
    const cases: [RecordSpec, KeyPlace, unknown][] = [
      [{ value }, recordKey('text'), ['KEY_MISSING', 'the key of the record is missing']],
      [{ key: wide, value }, recordKey('text'), ['KEY_TOO_LONG', undefined]],
      [{ key: wide.slice(10), value }, recordKey('base64'), ['KEY_TOO_LONG', undefined]],
      [{ key: Buffer.of(0xff), value }, recordKey('text'), ['KEY_TYPE', 'the key of the record is not UTF-8']],
      ...['{}', 'null', 'x', ''].map((key): [RecordSpec, KeyPlace, unknown] => [
        { key, value },
        recordKey('json'),
        ['KEY_TYPE', 'the key of the record is neither a string nor a number in JSON'],
      ]),
    ]
    for (const [record, key, expected] of cases) assert.deepEqual(keyIn(record, key), expected)
  })
})

describe('a merge key that is a header', () => {
  it('is the last one of its name', () => {
    const headers: RecordSpec['headers'] = [
      ['id', 'first'],
      ['ID', 'other'],
      ['id', 'last'],
    ]
    const key: KeyPlace = { kind: 'header', name: 'id', as: 'text' }

    assert.deepEqual(keyIn({ headers, value }, key), { canonical: 'last', spelling: '"last"' })
    assert.deepEqual(keyIn({ value }, key), ['KEY_MISSING', 'the header "id" is missing'])
  })
})

describe('a merge key that is a field of another type', () => {
  const as = (type: 'string' | 'number'): KeyPlace => ({ kind: 'convertedField', path: ['id'], as: type })

  it('is a string of the digits of a number', () => {
    for (const [spelled, canonical] of [
      ['17', '17'],
      ['17.0', '17'],
      ['"17"', '17'],
      ['"17.0"', '17.0'],
    ]) {
      assert.deepEqual(keyIn({ value: `{"id":${spelled}}` }, as('string')), { canonical, spelling: `"${canonical}"` })
    }
  })

  it('is the number that a string spells', () => {
    for (const [spelled, canonical] of [
      ['17', '17'],
      ['"17"', '17'],
      ['"1.70e1"', '17'],
      [String.raw`"\u0031"`, '1'],
    ]) {
      assert.deepEqual(keyIn({ value: `{"id":${spelled}}` }, as('number')), { canonical, spelling: canonical })
    }
    for (const spelled of ['"x"', '""', '" 17"', '"0x11"', '"01"']) {
      assert.deepEqual(keyIn({ value: `{"id":${spelled}}` }, as('number')), [
        'KEY_TYPE',
        'the merge key is a string that is no number',
      ])
    }
  })

  it('is refused where it is missing', () => {
    assert.deepEqual(keyIn({ value: '{}' }, as('number')), ['KEY_MISSING', undefined])
  })
})
