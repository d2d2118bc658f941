import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { ShapedJson } from './shaped-json.ts'

/** A form of texts: `$` is where a string stands, `#` a number, `?` a literal. */
const form = fc.letrec<{ value: string; members: string; elements: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 4, arbitrary: fc.constantFrom('$', '$', '#', '?') },
    tie('members'),
    tie('elements'),
  ),
  members: fc
    .array(
      fc.tuple(
        fc.constantFrom(...String.raw`a a b c \u0061 1 0 __proto__ constructor toJSON length é a\"b`.split(' '), ''),
        fc.constantFrom(':', ': ', ' :\n'),
        tie('value'),
      ),
      { maxLength: 5 },
    )
    .map((members) => `{${members.map(([name, colon, value]) => `"${name}"${colon}${value}`).join(',')}}`),
  elements: fc.array(tie('value'), { maxLength: 4 }).map((elements) => `[ ${elements.join(' ,')}]`),
})).members

const string = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 20 }).map((text) => JSON.stringify(text)) },
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(...String.raw`"" "\u0041" "a\"b" "\\" "\ud800" "12"`.split(' ')),
)
const number = fc.oneof(
  fc.constantFrom('0', '-0', '0.0', '-0.0', '7', '-7', '0.1', '123456789012345', '9007199254740993', '1e3', '1E-2'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }).map(String),
  fc.tuple(fc.nat(), fc.nat()).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.tuple(fc.nat(), fc.integer({ min: -400, max: 400 })).map(([whole, exponent]) => `${whole}e${exponent}`),
)
const literal = fc.constantFrom('true', 'false', 'null')

/** Forms, and values of several texts of each, which return to the first where a form has more places. */
const values = fc.record({
  $: fc.array(string, { minLength: 1, maxLength: 6 }),
  '#': fc.array(number, { minLength: 1, maxLength: 6 }),
  '?': fc.array(literal, { minLength: 1, maxLength: 3 }),
})
const forms = fc.array(fc.tuple(form, fc.array(values, { minLength: 3, maxLength: 6 })), { minLength: 1, maxLength: 3 })

function textOf(shape: string, given: Record<'$' | '#' | '?', string[]>): string {
  let index = 0
  return shape.replaceAll(/[$#?]/g, (mark) => {
    const list = given[mark as '$' | '#' | '?']
    return list[index++ % list.length]!
  })
}

describe('ShapedJson', () => {
  it('parses to what JSON.parse does, with members in the same order', () => {
    check(
      fc.property(forms, (drawn) => {
        const json = new ShapedJson()
        for (const [shape, rows] of drawn) {
          for (const row of rows) {
            const text = textOf(shape, row)
            const bytes = Buffer.from(`,${text},`)
            const parsed = json.parse(bytes, 1, bytes.length - 1)
            const expected: unknown = JSON.parse(text)
            assert.deepStrictEqual(parsed, expected)
            assert.equal(JSON.stringify(parsed), JSON.stringify(expected))
          }
        }
      }),
      3_000,
    )
  })
})
