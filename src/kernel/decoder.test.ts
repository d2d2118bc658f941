import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchReader } from './batch-reader.ts'
import { noSide, RecordColumns, rowFlags } from './columns.ts'
import { deadLetterReasons, Reason } from './dead-letter-reason.ts'
import { Decoder, type DecoderOptions, type PartSource } from './decoder.ts'
import { fetched, recordBatch } from './fixtures/record-batch.ts'
import type { KeyPlace } from './keys/key-place.ts'

const partField: PartSource = { kind: 'field', path: ['part'] }
const idField: KeyPlace = { kind: 'field', path: ['id'] }
const defaults: DecoderOptions = {
  route: ['stage'],
  sides: ['A', 'B', 'C'].map((name) => ({ name, part: partField, key: idField })),
  depthMax: 10,
  keyBytesMax: 40,
}

/** What the decoder finds in records of these values; `sides` says where they belong when the decoder does not. */
function decode(
  values: readonly (string | Uint8Array | null)[],
  options: Partial<DecoderOptions> = {},
  sides?: readonly number[],
) {
  const reader = new BatchReader({ decompressedBytesMax: 0 })
  const columns = new RecordColumns()
  reader.open(fetched([recordBatch({ records: values.map((value) => ({ value })) })]))
  reader.fill(columns)
  sides?.forEach((side, row) => {
    columns.side[row] = side
  })
  new Decoder({ ...defaults, ...options }).decode(columns)
  return values.map((_, row) => describeRow(columns, row))
}

function describeRow(columns: RecordColumns, row: number) {
  const text = (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString()
  const flags = columns.flags[row]!
  const reason = columns.reason[row]!
  if (reason !== 0) return { side: columns.side[row]!, reason }
  const keyBytes = (flags & rowFlags.keyInExtra) !== 0 ? columns.extra.bytes : columns.bytes
  return {
    side: columns.side[row]!,
    key: text(keyBytes, columns.keyStart[row]!, columns.keyEnd[row]!),
    ...((flags & rowFlags.keyIsNumber) !== 0 && { isNumber: true }),
    ...((flags & rowFlags.keyRespelled) !== 0 && {
      spelling: text(columns.bytes, columns.spellingStart[row]!, columns.spellingEnd[row]!),
    }),
    part:
      columns.partStart[row] === -1 ? undefined : text(columns.bytes, columns.partStart[row]!, columns.partEnd[row]!),
  }
}

const reasonsOf = (values: readonly (string | Uint8Array | null)[], options?: Partial<DecoderOptions>) =>
  decode(values, options).map((row) => ('reason' in row ? (assert.equal(row.side, noSide), row.reason) : 0))

describe('Decoder', () => {
  it('says of values that are no objects why they are none', () => {
    assert.deepEqual(
      reasonsOf(['not json', '1', '"x"', '', '[]', Uint8Array.of(0xff), ' {"stage":"A","id":1,"part":0} ']),
      [
        Reason.NOT_JSON,
        Reason.NOT_AN_OBJECT,
        Reason.NOT_AN_OBJECT,
        Reason.NOT_JSON,
        Reason.NOT_AN_OBJECT,
        Reason.NOT_UTF8,
        0,
      ],
    )
  })

  it('finds side, key and part of each record', () => {
    const values = [
      '{"stage":"B","id":"x","part":{"a":[1, 2]}}',
      '{"part":1.0,"other":{"stage":"A","id":"y"},"id":"y","stage":"C"}',
      ' { "stage" : "\\u0041" , "id" : "" , "part" : null } ',
    ]

    assert.deepEqual(decode(values), [
      { side: 1, key: 'x', part: '{"a":[1, 2]}' },
      { side: 2, key: 'y', part: '1.0' },
      { side: 0, key: '', part: 'null' },
    ])
  })

  it('finds fields within fields, and one field in several roles', () => {
    const key: KeyPlace = { kind: 'field', path: ['head', 'id'] }
    const options: Partial<DecoderOptions> = {
      route: ['head', 'kind'],
      sides: [
        { name: 'A', part: { kind: 'field', path: ['head', 'id'] }, key },
        { name: 'B', part: { kind: 'field', path: ['head'] }, key },
        { name: 'C', part: { kind: 'field', path: ['head', 'body'] }, key },
      ],
    }
    const values = ['A', 'B', 'C'].map((kind) => `{"head":{"kind":"${kind}","id":7,"body":8}}`)

    assert.deepEqual(
      decode(values, options),
      ['7', '{"kind":"B","id":7,"body":8}', '8'].map((part, side) => ({ side, key: '7', isNumber: true, part })),
    )
  })

  it('takes the side as it was set where no field is the route', () => {
    const values = ['{"id":"x","part":1}', '{"id":"y","part":2,"stage":"A"}', '{"id":"z","part":3}']

    assert.deepEqual(decode(values, { route: undefined }, [2, 1, noSide]), [
      { side: 2, key: 'x', part: '1' },
      { side: 1, key: 'y', part: '2' },
      { side: noSide, reason: Reason.UNKNOWN_STAGE },
    ])
  })

  it('leaves a record alone that was refused before', () => {
    const columns = new RecordColumns()
    const reader = new BatchReader({ decompressedBytesMax: 0 })
    reader.open(fetched([recordBatch({ records: [{ value: '{"id":"x","part":1}' }] })]))
    reader.fill(columns)
    columns.side[0] = noSide
    columns.reason[0] = Reason.ROUTE_FAILED

    new Decoder({ ...defaults, route: undefined }).decode(columns)

    assert.deepEqual(describeRow(columns, 0), { side: noSide, reason: Reason.ROUTE_FAILED })
  })

  it('forgets what an earlier batch left in the columns', () => {
    const columns = new RecordColumns()
    const decoder = new Decoder(defaults)
    const reader = new BatchReader({ decompressedBytesMax: 0 })
    const decodeOne = (value: string) => {
      reader.open(fetched([recordBatch({ records: [{ value }] })]))
      reader.fill(columns)
      decoder.decode(columns)
    }
    decodeOne('{"stage":"A","id":1.0,"part":1}')

    decodeOne('{"stage":"?"}')
    assert.deepEqual([columns.flags[0], columns.reason[0]], [0, Reason.UNKNOWN_STAGE])

    decodeOne('{"stage":"A","id":"x","part":2}')
    assert.deepEqual(describeRow(columns, 0), { side: 0, key: 'x', part: '2' })
  })

  it('finds the same in a record whatever it has met before', () => {
    const values = [
      '{"stage":"A","id":"x","part":{"a":1}}',
      '{"stage":"A","id":12,"part":{"a":1}}',
      '{"stage":"B","id":"y","part":{"a":-1.5}}',
      '{"stage":"B","id":"\\u0079","part":{"a":-1.5}}',
      '{"stage":"C","id":"z","part":true}',
      '{"stage":"C","id":"z","part":false}',
      '{"stage":"D","id":"z","part":{"a":1}}',
      '{"stage":"\\u0041","id":"z","part":{"a":1}}',
      '{"stage":"A","id":"x","part":{"a":1},"stage":"B"}',
      '{"stage":"A","stage":"B","id":"x","part":{"a":1}}',
      '{"stage":"A","id":"x","part":{"a":1},"id":"y"}',
      '{"stage":"A","id":"x"}',
      '{"stage":"A","id":"x","part":{"a":1}',
      '{"stage":1,"id":"x","part":{"a":1}}',
      '{"part":{"a":1},"id":"x","stage":"A"}',
      '{"part":{"a":1},"id":"x","stage":"B"}',
    ]
    const alone = values.map((value) => decode([value])[0])

    values.forEach((before, i) => {
      values.forEach((value, j) => {
        assert.deepEqual(decode([before, value, before]), [alone[i], alone[j], alone[i]], `${before} ${value}`)
      })
    })
  })

  it('reads keys in canonical form and keeps other spellings', () => {
    const keys = [
      '"a"',
      '"\\u0061"',
      '1',
      '1.0',
      '10e-1',
      '"1"',
      '-0',
      '9007199254740993',
      '"\\u00e9"',
      '"é"',
      '"__proto__"',
    ]
    const found = decode(keys.map((key) => `{"stage":"A","id":${key},"part":0}`))

    assert.deepEqual(
      found.map((row) => ({ ...row, part: undefined })),
      [
        { key: 'a' },
        { key: 'a', spelling: '"\\u0061"' },
        { key: '1', isNumber: true },
        { key: '1', isNumber: true, spelling: '1.0' },
        { key: '1', isNumber: true, spelling: '10e-1' },
        { key: '1' },
        { key: '0', isNumber: true, spelling: '-0' },
        { key: '9007199254740993', isNumber: true },
        { key: 'é', spelling: '"\\u00e9"' },
        { key: 'é' },
        { key: '__proto__' },
      ].map((row) => ({ side: 0, ...row, part: undefined })),
    )
  })

  it('keeps many respelled keys of one batch apart', () => {
    const values = Array.from({ length: 2000 }, (_, i) => `{"stage":"A","id":"\\u006b${i}","part":${i}}`)

    assert.deepEqual(
      decode(values),
      values.map((_, i) => ({ side: 0, key: `k${i}`, spelling: `"\\u006b${i}"`, part: `${i}` })),
    )
  })

  it('keeps the whole value, or nothing yet, where the side says so', () => {
    const sides: DecoderOptions['sides'] = [
      { name: 'A', part: { kind: 'record' }, key: idField },
      { name: 'B', part: { kind: 'stage' }, key: idField },
    ]
    const value = (stage: string) => `{ "stage":"${stage}", "id":1 }`

    assert.deepEqual(decode([value('A'), value('B')], { sides }), [
      { side: 0, key: '1', isNumber: true, part: value('A') },
      { side: 1, key: '1', isNumber: true, part: undefined },
    ])
  })

  it('says why a record is a dead letter', () => {
    const cases: [string | Uint8Array | null, number][] = [
      [null, Reason.NO_VALUE],
      ['', Reason.NOT_JSON],
      ['{"stage":"A","id":"x","part":1', Reason.NOT_JSON],
      ['{"stage":"A","id":"x","part":1}}', Reason.NOT_JSON],
      [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), Reason.NOT_UTF8],
      [`{"a":${'['.repeat(10)}${']'.repeat(10)}}`, Reason.TOO_DEEP],
      ['[1]', Reason.NOT_AN_OBJECT],
      ['{"id":"x","part":1}', Reason.UNKNOWN_STAGE],
      ['{"stage":"D","id":"x","part":1}', Reason.UNKNOWN_STAGE],
      ['{"stage":1,"id":"x","part":1}', Reason.UNKNOWN_STAGE],
      ['{"stage":"A","part":1}', Reason.KEY_MISSING],
      ['{"stage":"A","id":true,"part":1}', Reason.KEY_TYPE],
      ['{"stage":"A","id":null,"part":1}', Reason.KEY_TYPE],
      ['{"stage":"A","id":["x"],"part":1}', Reason.KEY_TYPE],
      [`{"stage":"A","id":"${'x'.repeat(39)}","part":1}`, Reason.KEY_TOO_LONG],
      [`{"stage":"A","id":"${'x'.repeat(38)}","part":1}`, 0],
      ['{"stage":"A","id":"x"}', Reason.PART_MISSING],
      ['{"stage":"A","id":"x","part":1,"id":{}}', Reason.KEY_TYPE],
    ]

    assert.deepEqual(
      reasonsOf(cases.map(([value]) => value)),
      cases.map(([, reason]) => reason),
    )
  })

  it('refuses a number that is too long only in its canonical form', () => {
    const key = (digits: number) => `{"stage":"A","id":${'1'.repeat(digits)},"part":1}`

    assert.deepEqual(reasonsOf([key(0xffff), key(0xffff - 10)], { keyBytesMax: 0xffff }), [Reason.KEY_TOO_LONG, 0])
    assert.throws(() => reasonsOf([''], { keyBytesMax: 0x10000 }), /a key has at most 65535 bytes/)
  })
})

describe('deadLetterReasons', () => {
  it('has a name and a text for each number', () => {
    for (const [name, code] of Object.entries(Reason)) {
      assert.equal(deadLetterReasons[code]!.name, name)
      assert.match(deadLetterReasons[code]!.text, /^(?:the|a) /)
    }
    assert.equal(new Set(deadLetterReasons.map(({ text }) => text)).size, deadLetterReasons.length)
  })
})
