import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type KeyTag, MergeKeyReader } from './merge-key.ts'
import { check } from '../../../test/property.ts'
import { Scanner } from './scanner.ts'
import { Status } from './status.ts'

const scanner = new Scanner([['k']])
const keys = new MergeKeyReader()

/** Tag and canonical bytes of a key, read out of a record as the decoder does. */
function keyOf(spelling: string): { tag: KeyTag; bytes: Buffer } {
  const bytes = new TextEncoder().encode(`{"k":${spelling}}`)
  assert.equal(scanner.scan(bytes, 0, bytes.length), Status.OK)
  keys.clear()
  assert.equal(keys.read(bytes, scanner.starts[0]!, scanner.ends[0]!, scanner.kinds[0] as never), Status.OK)
  return { tag: keys.tag, bytes: Buffer.from((keys.inScratch ? keys.scratch : bytes).slice(keys.start, keys.end)) }
}

function areSameKey(a: string, b: string): boolean {
  const left = keyOf(a)
  const right = keyOf(b)
  return left.tag === right.tag && left.bytes.equals(right.bytes)
}

/** A number as an exact fraction: its digits as an integer, times ten to the power of `exponent`. */
function decimalOf(spelling: string): { integer: bigint; exponent: number } {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(spelling)!
  return { integer: BigInt(`${sign}${whole}${fraction}`), exponent: Number(exponent) - fraction.length }
}

function areSameNumber(a: string, b: string): boolean {
  const [left, right] = [decimalOf(a), decimalOf(b)]
  const lowest = Math.min(left.exponent, right.exponent)
  const scaled = ({ integer, exponent }: typeof left) => integer * 10n ** BigInt(exponent - lowest)
  return scaled(left) === scaled(right)
}

const digits = fc.oneof(
  fc.constantFrom('0', '1', '10', '100', '1000', '12', '120', '9007199254740992', '9007199254740993', '9'.repeat(80)),
  fc.nat(120).map(String),
)
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits,
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('', '0', '00000'), digits).map(([zeros, rest]) => `.${zeros}${rest}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('e', 'E+', 'e-', 'e-0'), fc.nat(90)).map(([e, power]) => `${e}${power}`),
    ),
  )
  .map((parts) => parts.join(''))

/** The same value with the point moved by `shift` places and the exponent to make up for it, and zeros at the end. */
function respell(spelling: string, shift: number, zeros: number): string {
  const { integer, exponent } = decimalOf(spelling)
  const sign = integer < 0n ? '-' : ''
  const all = (integer < 0n ? -integer : integer).toString().padStart(shift + 1, '0')
  const fraction = all.slice(all.length - shift) + '0'.repeat(zeros)
  return `${sign}${all.slice(0, all.length - shift)}${fraction === '' ? '' : `.${fraction}`}e${exponent + shift}`
}

const units = fc.array(
  fc.oneof(
    fc.constantFrom(0x22, 0x5c, 0x2f, 0x0a, 0x61, 0x31, 0x7f, 0x80, 0xe9, 0x7ff, 0x800, 0xfffd, 0xffff),
    fc.constantFrom(0xd800, 0xdbff, 0xdc00, 0xdfff, 0xd83d, 0xde00),
    fc.nat(0xffff),
  ),
  { maxLength: 6 },
)
const text = units.map((codes) => String.fromCharCode(...codes))

/** A spelling of `content` in which the units that `isEscaped` says are written as escapes. */
function spell(content: string, isEscaped: readonly boolean[]): string {
  const written = Array.from(content, (character, index) => {
    const plain = JSON.stringify(character).slice(1, -1)
    if (isEscaped[index % isEscaped.length] !== true) return plain
    return character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  })
  return `"${written.join('')}"`
}
const escapes = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 })

describe('MergeKeyReader, against exact values', () => {
  it('gives two numbers the same key if and only if they are equal', () => {
    check(fc.property(number, number, (a, b) => assert.equal(areSameKey(a, b), areSameNumber(a, b))))
  })

  it('gives a number the same key however it is spelled', () => {
    check(
      fc.property(number, fc.nat(100), fc.nat(3), (spelling, shift, zeros) => {
        const other = respell(spelling, shift, zeros)
        assert.ok(areSameNumber(spelling, other))
        assert.ok(areSameKey(spelling, other), `${spelling} and ${other}`)
      }),
    )
  })

  it('gives two strings the same key if and only if they are equal, however they are spelled', () => {
    const pair = fc.oneof(
      fc.tuple(text, text),
      text.map((same) => [same, same] as const),
    )
    check(
      fc.property(pair, escapes, escapes, ([a, b], first, second) => {
        assert.equal(areSameKey(spell(a, first), spell(b, second)), a === b)
      }),
    )
  })

  it('never takes a number for a string', () => {
    check(fc.property(number, (spelling) => assert.ok(!areSameKey(spelling, `"${spelling}"`))))
  })
})
