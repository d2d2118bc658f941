import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import type { FieldPath } from './field-path.ts'
import { Scanner } from './scanner.ts'
import { Status } from './status.ts'
import { ValueKind } from './value-kind.ts'

const paths: FieldPath[] = [
  ['a'],
  ['b'],
  ['a', 'b'],
  ['a', 'b', 'a'],
  ['b', 'a'],
  ['é'],
  ['b', '\ud800'],
  ['😀', 'a"\n'],
  [''],
  ['abcde'],
  ['abcdefghi'],
  ['__proto__'],
  ['__proto__', 'a'],
  ['a', 'length'],
  ['a', '0'],
  ['a', 0],
  ['a', 1, 'b'],
  ['a', 2, 0],
  ['b', 0],
  ['b', 0, 'a', 1],
  ['b', '[0]'],
]

const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t\r ', '        ')
const name = fc.constantFrom(
  '',
  ...String.raw`a a a a a b b b b b \u0061 \u0062 abcde abcdX abcdefghi abcdefghX xbcdefghi ab unknown`.split(' '),
  ...String.raw`__proto__ length 0 [0] é \u00e9 \u00E9 \ud800 \ud800\ud800 😀 \ud83d\ude00 \ud83d\ud83d\ude00`.split(
    ' ',
  ),
  ...String.raw`a\"\n a\u0022\u000a`.split(' '),
)
const piece = fc.constantFrom(
  ...String.raw`x xyz ! { } [ ] , : ' \" \\ \/ \b\f\n\r\t é € 😀 \u00e9 \uABcd \ud83d\ude00 \ud800 \udc00\ud800`.split(
    ' ',
  ),
  '',
  ' ',
  'hello, world',
  '~\u007f',
  '\u0800\ud7ff\ue000\uffff\u{10ffff}',
)
const quoted = (content: fc.Arbitrary<string>) => content.map((text) => `"${text}"`)
const string = quoted(fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')))
const digits = fc.constantFrom(
  '0',
  '1',
  '9',
  '10',
  '123',
  '1234',
  '12345678',
  '9007199254740993',
  '0'.repeat(5),
  '7'.repeat(81),
)
const number = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    fc.oneof(
      { weight: 9, arbitrary: digits.filter((text) => text === '0' || text[0] !== '0') },
      { weight: 1, arbitrary: digits },
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      digits.map((text) => `.${text}`),
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-', 'E-'), digits).map((parts) => parts.join('')),
    ),
  )
  .map((parts) => parts.join(''))
const literal = fc.constantFrom('true', 'false', 'null')

const { object, value } = fc.letrec<{ value: string; object: string; array: string }>((tie) => {
  const spaced = fc.tuple(space, tie('value'), space).map((parts) => parts.join(''))
  const member = fc
    .tuple(space, quoted(name), space, spaced)
    .map(([before, key, after, inner]) => `${before}${key}${after}:${inner}`)
  return {
    value: fc.oneof({ maxDepth: 5 }, number, string, literal, { weight: 4, arbitrary: tie('object') }, tie('array')),
    object: fc
      .tuple(fc.array(member, { maxLength: 5 }), space)
      .map(([members, empty]) => `{${members.join(',') || empty}}`),
    array: fc.tuple(fc.array(spaced, { maxLength: 3 }), space).map(([items, empty]) => `[${items.join(',') || empty}]`),
  }
})
const document = fc
  .tuple(space, fc.oneof({ weight: 12, arbitrary: object }, { weight: 1, arbitrary: value }), space)
  .map((parts) => parts.join(''))

const byte = fc.oneof(
  fc.constantFrom(...new TextEncoder().encode('{}[]",:\\u-+.eE019atfn \n\t'), 0x00, 0x1f, 0x7f, 0xef, 0xbb, 0xbf),
  fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xee, 0xf0, 0xf4, 0xf5, 0xff),
  fc.nat(255),
)
const mutation = fc.record({
  kind: fc.constantFrom('replace', 'delete', 'truncate', 'repeat'),
  at: fc.nat(9999).map((tenThousandth) => tenThousandth / 10_000),
  length: fc.integer({ min: 1, max: 12 }),
  inserted: fc.array(byte, { minLength: 1, maxLength: 4 }),
  isInsertedOnly: fc.boolean(),
})
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

function mutate(bytes: number[], { kind, at, length, inserted, isInsertedOnly }: Mutation): number[] {
  const place = Math.floor(at * bytes.length)
  if (kind === 'replace') return bytes.toSpliced(place, isInsertedOnly ? 0 : inserted.length, ...inserted)
  if (kind === 'delete') return bytes.toSpliced(place, length)
  if (kind === 'truncate') return bytes.slice(0, place)
  return bytes.toSpliced(place, 0, ...bytes.slice(place, place + length))
}

/** The text of a document with other values in place of its own, most of them of the same sorts. */
function withOtherValues(
  text: string,
  values: { strings: string[]; numbers: string[]; literals: string[]; kept: boolean[] },
) {
  let at = 0
  const other = (list: string[], own: string) =>
    values.kept[at++ % values.kept.length]! ? own : list[at % list.length]!
  return text.replaceAll(/("(?:[^"\\]|\\.)*")(?!\s*:)|-?\d[\d.eE+-]*|true|false|null/g, (own, quotedText?: string) => {
    if (quotedText !== undefined) return other(values.strings, own)
    return other(/\d/.test(own) ? values.numbers : values.literals, own)
  })
}

const otherValues = fc.record({
  strings: fc.array(string, { minLength: 1, maxLength: 5 }),
  numbers: fc.array(number, { minLength: 1, maxLength: 5 }),
  literals: fc.array(literal, { minLength: 1, maxLength: 3 }),
  kept: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
})

/** A record, and one of its shape or nearly so. */
const alike = fc
  .tuple(object, otherValues, fc.oneof(fc.constant([]), fc.array(mutation, { minLength: 1, maxLength: 2 })))
  .map(([text, values, mutations]) => {
    const other = [...new TextEncoder().encode(withOtherValues(text, values))]
    return [[...new TextEncoder().encode(text)], mutations.reduce(mutate, other)] satisfies [number[], number[]]
  })

/** A record among foreign bytes: what stands before and after it must not matter, nor whether anything does. */
const placed = fc.record({
  record: fc
    .tuple(
      document,
      fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 3, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
      ),
    )
    .map(([text, mutations]) => mutations.reduce(mutate, [...new TextEncoder().encode(text)])),
  before: fc.constantFrom('', '{', '{"a":"'),
  after: fc.constantFrom('', '}', '"', '"}', '0}', '1', ' ', 'rue}', ':1}', '\\"}', '\u0080"}', ']}]}]}'),
})

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What the platform makes of the record: its value, or the reason why it has none. */
function parse(record: Uint8Array): { value: unknown; text: string } | typeof Status.NOT_UTF8 | typeof Status.NOT_JSON {
  let text: string
  try {
    text = strictUtf8.decode(record)
  } catch {
    return Status.NOT_UTF8
  }
  try {
    return { value: JSON.parse(text), text }
  } catch {
    return Status.NOT_JSON
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

function own(value: unknown, path: FieldPath): unknown {
  const [name, ...rest] = path
  if (name === undefined) return value
  if (typeof name === 'number') return Array.isArray(value) ? own(value[name], rest) : undefined
  if (!isObject(value) || !Object.hasOwn(value as object, name)) return undefined
  return own((value as Record<string, unknown>)[name], rest)
}

function kindOf(value: unknown, spelling: string): ValueKind {
  if (value === undefined) return ValueKind.MISSING
  if (value === null) return ValueKind.NULL
  if (value === true) return ValueKind.TRUE
  if (value === false) return ValueKind.FALSE
  if (typeof value === 'string') return spelling.includes('\\') ? ValueKind.ESCAPED_STRING : ValueKind.PLAIN_STRING
  if (typeof value === 'number')
    return /^(0|-?[1-9]\d{0,79})$/.test(spelling) ? ValueKind.PLAIN_INTEGER : ValueKind.NUMBER
  return Array.isArray(value) ? ValueKind.ARRAY : ValueKind.OBJECT
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [bracket] of text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[[\]{}]/g)) {
    depth += '[{'.includes(bracket) ? 1 : -1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function layOut({ record, before, after }: typeof placed extends fc.Arbitrary<infer T> ? T : never) {
  const prefix = new TextEncoder().encode(before)
  const bytes = new Uint8Array([...prefix, ...record, ...new TextEncoder().encode(after)])
  return { bytes, start: prefix.length, end: prefix.length + record.length }
}

function assertFound(scanner: Scanner, { bytes, start, end }: ReturnType<typeof layOut>): void {
  const status = scanner.scan(bytes, start, end)
  const parsed = parse(bytes.subarray(start, end))

  if (parsed === Status.NOT_JSON) return assert.equal(status, Status.NOT_JSON)
  if (parsed === Status.NOT_UTF8) return assert.ok(status === Status.NOT_UTF8 || status === Status.NOT_JSON)
  if (!isObject(parsed.value)) return assert.equal(status, Status.NOT_AN_OBJECT)
  assert.equal(status, Status.OK)
  paths.forEach((path, field) => {
    const expected = own(parsed.value, path)
    const spelling = strictUtf8.decode(bytes.subarray(scanner.starts[field], scanner.ends[field]))
    assert.equal(scanner.kinds[field], kindOf(expected, spelling), path.join('.'))
    if (expected === undefined) assert.deepEqual([scanner.starts[field], scanner.ends[field]], [-1, -1])
    else assert.deepEqual(JSON.parse(spelling), expected)
  })
}

describe('Scanner, against JSON.parse', () => {
  const scanner = new Scanner(paths)
  const shallow = new Scanner(paths, { depthMax: 3 })

  it('accepts the same records and finds the same values', () => {
    check(fc.property(placed, (input) => assertFound(scanner, layOut(input))))
  })

  it('accepts the same records and finds the same values where a record is like one before', () => {
    check(
      fc.property(alike, fc.constantFrom('', '}', '"}', '1'), ([record, other], after) => {
        // A scanner that has met many shapes seldom learns another one.
        const unladen = new Scanner(paths)
        for (const each of [record, other, record]) {
          assertFound(unladen, layOut({ record: each, before: '', after }))
        }
      }),
      5_000,
    )
  })

  it('refuses exactly the records that are nested too deeply', () => {
    check(
      fc.property(object, (text) => {
        const bytes = new TextEncoder().encode(text)
        fc.pre(typeof parse(bytes) === 'object')
        const status = shallow.scan(bytes, 0, bytes.length)

        assert.equal(status, depthOf(text) > 3 ? Status.TOO_DEEP : Status.OK)
      }),
    )
  })
})
