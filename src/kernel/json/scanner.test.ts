import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Scanner } from './scanner.ts'
import { Status } from './status.ts'
import { ValueKind } from './value-kind.ts'

const utf8 = new TextEncoder()

/** Scans `record`, set between foreign bytes that would tempt a scanner which looks beyond its end. */
function scan(
  record: string | Uint8Array,
  paths: string[][],
  { before = '{"a":', after = '1"}]}', ...options }: { depthMax?: number; before?: string; after?: string } = {},
) {
  const value = typeof record === 'string' ? utf8.encode(record) : record
  const bytes = new Uint8Array([...utf8.encode(before), ...value, ...utf8.encode(after)])
  const scanner = new Scanner(paths, options)
  const start = before.length
  const status = scanner.scan(bytes, start, start + value.length)
  const found = paths.map((_, field) => {
    if (scanner.kinds[field] === ValueKind.MISSING) return undefined
    return new TextDecoder().decode(bytes.subarray(scanner.starts[field], scanner.ends[field]))
  })
  return { status, found, kinds: [...scanner.kinds].slice(0, paths.length) }
}

describe('Scanner', () => {
  it('finds each kind of value and says which it is', () => {
    const { status, found, kinds } = scan(
      '{"a":"x","b":"\\n","c":-12,"d":1.5e3,"e":{"k":[{}]},"f":[1,"]"],"g":true,"h":false,"i":null}',
      Array.from('abcdefghij', (name) => [name]),
    )

    assert.equal(status, Status.OK)
    assert.deepEqual(found, [
      '"x"',
      '"\\n"',
      '-12',
      '1.5e3',
      '{"k":[{}]}',
      '[1,"]"]',
      'true',
      'false',
      'null',
      undefined,
    ])
    assert.deepEqual(kinds, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
  })

  it('takes the last of two members with one name, whatever their spellings', () => {
    assert.deepEqual(scan('{"a":1,"\\u0061":2}', [['a']]).found, ['2'])
    assert.deepEqual(scan('{"\\u0061":1,"a":2}', [['a']]).found, ['2'])
  })

  it('lets the last parent decide about a nested field', () => {
    const paths = [['a'], ['a', 'b'], ['a', 'b', 'c']]

    assert.deepEqual(scan('{"a":{"b":{"c":1}},"a":{"b":2}}', paths).found, ['{"b":2}', '2', undefined])
    assert.deepEqual(scan('{"a":{"b":1},"a":3}', paths).found, ['3', undefined, undefined])
    assert.deepEqual(scan('{"a":[{"b":1}]}', paths).found, ['[{"b":1}]', undefined, undefined])
    assert.deepEqual(scan('{"x":{"a":{"b":1}}}', paths).found, [undefined, undefined, undefined])
  })

  it('treats __proto__ as a name like any other', () => {
    assert.deepEqual(scan('{"__proto__":{"a":1}}', [['a'], ['__proto__', 'a']]).found, [undefined, '1'])
  })

  it('skips white space wherever JSON allows it', () => {
    assert.deepEqual(scan(' \t\r\n{ "a" : { } , "b" : [ 1 , [ ] ] } \n', [['a'], ['b']]).found, ['{ }', '[ 1 , [ ] ]'])
  })

  it('calls an integer plain only when its spelling is canonical', () => {
    const kindOf = (number: string) => scan(`{"a":${number}}`, [['a']]).kinds[0]

    assert.deepEqual(
      ['0', '-7', '9'.repeat(80), '-' + '9'.repeat(80)].map(kindOf),
      Array(4).fill(ValueKind.PLAIN_INTEGER),
    )
    assert.deepEqual(
      ['-0', '1.0', '1E1', '9'.repeat(81), '-' + '9'.repeat(81)].map(kindOf),
      Array(5).fill(ValueKind.NUMBER),
    )
  })

  it('names the reason why a record is refused', () => {
    const statusOf = (record: string | Uint8Array) => scan(record, [['a']]).status

    assert.equal(statusOf(''), Status.NOT_JSON)
    assert.equal(statusOf('{"a":1'), Status.NOT_JSON)
    assert.equal(statusOf('{"a":1}}'), Status.NOT_JSON)
    assert.equal(statusOf('\ufeff{}'), Status.NOT_JSON)
    assert.equal(statusOf('[{}]'), Status.NOT_AN_OBJECT)
    assert.equal(statusOf('[{}}'), Status.NOT_JSON)
    assert.equal(statusOf('[1'), Status.NOT_JSON)
    assert.equal(statusOf('{'), Status.NOT_JSON)
    assert.equal(statusOf(' -1.5 '), Status.NOT_AN_OBJECT)
    assert.equal(statusOf('nul'), Status.NOT_JSON)
    assert.equal(statusOf('"}"'), Status.NOT_AN_OBJECT)
    assert.equal(statusOf('{]'), Status.NOT_JSON)
    assert.equal(statusOf(new Uint8Array([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])), Status.NOT_UTF8)
    assert.equal(statusOf(new Uint8Array([0x22, 0xff, 0x22])), Status.NOT_UTF8)
  })

  it('accepts exactly the numbers that JSON.parse accepts', () => {
    const isNumber = (text: string) => {
      try {
        return typeof JSON.parse(text) === 'number'
      } catch {
        return false
      }
    }
    let texts = ['']
    for (let length = 1; length <= 5; length++) {
      texts = texts.flatMap((text) => Array.from('-+.eE01', (next) => text + next))
      for (const text of texts) {
        assert.equal(scan(`{"a":${text}}`, [['a']]).status, isNumber(text) ? Status.OK : Status.NOT_JSON, text)
      }
    }
  })

  it('accepts the three literals and no others', () => {
    for (const literal of ['true', 'false', 'null']) {
      assert.equal(scan(`{"a":${literal}}`, [['a']]).status, Status.OK)
      for (let at = 0; at < literal.length; at++) {
        const other = `${literal.slice(0, at)}x${literal.slice(at + 1)}`
        assert.equal(scan(`{"a":${other}}`, [['a']]).status, Status.NOT_JSON)
      }
      assert.equal(scan(`{"a":${literal}e}`, [['a']]).status, Status.NOT_JSON)
    }
  })

  it('does not read on after a record that is empty or whose containers or strings are open', () => {
    const tooDeep = '[[[[[['

    assert.equal(scan('{"a":[{}', [['a']], { depthMax: 3, after: `,${tooDeep}` }).status, Status.NOT_JSON)
    assert.equal(scan('{"a":"}', [['a']], { depthMax: 3, after: `","b":${tooDeep}` }).status, Status.NOT_JSON)
    assert.equal(scan('', [['a']], { depthMax: 3, before: ']', after: tooDeep }).status, Status.NOT_JSON)
    assert.equal(scan('{"a}', [['a']], { depthMax: 3, after: `":${tooDeep}` }).status, Status.NOT_JSON)
  })

  it('allows depthMax containers within one another and no more', () => {
    const nested = (depth: number) => '{"a":'.repeat(depth - 1) + '{}' + '}'.repeat(depth - 1)

    assert.equal(scan(nested(3), [['a']], { depthMax: 3 }).status, Status.OK)
    assert.equal(scan(nested(4), [['a']], { depthMax: 3 }).status, Status.TOO_DEEP)
    assert.equal(scan('[[[[]]]]', [['a']], { depthMax: 3 }).status, Status.TOO_DEEP)
    assert.equal(scan(nested(512), [['a']]).status, Status.OK)
    assert.equal(scan(nested(513), [['a']]).status, Status.TOO_DEEP)
  })

  it('reads nothing after a record that ends where the memory ends', () => {
    const bytes = utf8.encode('{"ab":12345,"c":"d"}')
    const scanner = new Scanner([['ab'], ['c']])

    const status = scanner.scan(bytes, 0, bytes.length)

    assert.equal(status, Status.OK)
    assert.deepEqual([scanner.ends[0], scanner.ends[1]], [11, 19])
  })

  it('finds the fields of records of more shapes than it keeps, and of more values', () => {
    const scanner = new Scanner([['id'], ['last']])
    const record = (shape: number, values: number) => {
      const others = Array.from({ length: values }, (_, i) => `"a name of shape ${shape}, ${i}":${i}`)
      return ['{"id":"x"', ...others, '"last":[1,true]}'].join(',')
    }

    for (let shape = 0; shape < 1_500; shape++) {
      const seldom = record(shape, shape % 300)
      for (const text of [seldom, seldom, record(shape % 7, 3)]) {
        const bytes = utf8.encode(text)
        assert.equal(scanner.scan(bytes, 0, bytes.length), Status.OK)
        const [, lastStart] = scanner.starts
        const [idEnd, lastEnd] = scanner.ends
        assert.deepEqual([idEnd, lastStart, lastEnd], [9, bytes.length - 9, bytes.length - 1])
        assert.deepEqual([...scanner.kinds].slice(0, 2), [ValueKind.PLAIN_STRING, ValueKind.ARRAY])
      }
    }
  })

  it('refuses paths that are equal, empty or too many', () => {
    assert.throws(() => new Scanner([['a'], ['a']]), /distinct/)
    assert.throws(() => new Scanner([[]]), /not empty/)
    assert.throws(() => new Scanner(Array.from({ length: 33 }, (_, i) => [`${i}`])), /at most 32/)
  })
})
