import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { integerThatLosesDigits, parseWithBigInts, stringifyWithBigInts } from './big-integers.ts'

describe('integerThatLosesDigits', () => {
  const cases: [text: string, lost: string | undefined][] = [
    ['{"id":9007199254740993}', '9007199254740993'],
    ['{"id": -9007199254740993 }', '-9007199254740993'],
    ['{"ids":[1,9223372036854775807]}', '9223372036854775807'],
    ['9007199254740993', '9007199254740993'],
    ['{"id":9007199254740992}', undefined],
    ['{"id":1790000000000000}', undefined],
    ['{"id":"9007199254740993"}', undefined],
    ['{"id":", 9007199254740993,"}', undefined],
    ['{"id":0.12345678901234567,"x":1e400}', undefined],
  ]
  for (const [text, lost] of cases) {
    it(`finds ${lost ?? 'none'} in ${text}`, () => assert.equal(integerThatLosesDigits(text), lost))
  }
})

describe('JSON with BigInts', () => {
  it('has those integers as BigInt that numbers do not hold for certain, and no others', () => {
    const text = '{"a":9007199254740993,"b":[9007199254740991,-9007199254740992],"c":"9007199254740993","d":1.5e300}'

    assert.deepEqual(parseWithBigInts(text), {
      a: 9007199254740993n,
      b: [9007199254740991, -9007199254740992n],
      c: '9007199254740993',
      d: 1.5e300,
    })
  })

  it('writes BigInts as integers, wherever they stand', () => {
    assert.equal(
      stringifyWithBigInts({ a: 9007199254740993n, b: [1n, { c: -2n }] }),
      '{"a":9007199254740993,"b":[1,{"c":-2}]}',
    )
    assert.equal(stringifyWithBigInts(7n), '7')
    assert.equal(
      stringifyWithBigInts(() => 1),
      undefined,
    )
  })

  it('comes back as it was, with any integers', () => {
    const integer = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((value) => {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : value
    })
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        integer,
        fc.string(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))

    check(
      fc.property(value, (made) => assert.deepEqual(parseWithBigInts(stringifyWithBigInts(made)!), made)),
      2_000,
    )
  })
})
