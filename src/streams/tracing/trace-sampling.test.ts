import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { TraceSampling } from './trace-sampling.ts'

const hex = (digits: number) => {
  const digit = fc.nat(15).map((value) => value.toString(16))
  return fc.array(digit, { minLength: digits, maxLength: digits }).map((each) => each.join(''))
}

function isChosen(ratio: number, id: string, flags = '01'): boolean {
  const text = `..00-${id}-b7ad6b7169203331-${flags}.`
  return new TraceSampling(ratio).isChosen(Buffer.from(text), 2, text.length - 3)
}

const beginning = '0'.repeat(18)

describe('a choice of traces', () => {
  it('goes by the last 56 bits of their ids alone, from the share on that is left out', () => {
    const property = fc.property(fc.double({ min: 0, max: 1, noNaN: true }), hex(32), (ratio, id) => {
      const random = Number(BigInt.asUintN(56, BigInt(`0x${id}`)))
      const least = (1 - ratio) * 2 ** 56
      // What is nearer than doubles are to one another may be either.
      if (Math.abs(random - least) > 32) assert.equal(isChosen(ratio, id), random > least)
    })
    check(property, 1_000)
  })

  it('has in it what a choice with a smaller ratio has', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true })
    const property = fc.property(ratio, ratio, hex(32), (a, b, id) => {
      if (isChosen(Math.min(a, b), id)) assert.ok(isChosen(Math.max(a, b), id))
    })
    check(property, 1_000)
  })

  it('has all traces with the ratio 1, and with the least one those that are last', () => {
    assert.ok(isChosen(1, `${beginning}${'0'.repeat(14)}`))
    assert.ok(isChosen(Number.MIN_VALUE, `${beginning}${'f'.repeat(14)}`))
    assert.ok(!isChosen(Number.MIN_VALUE, `${beginning}fffffffffff000`))
  })

  it('knows the border of a half and of a sixteenth', () => {
    const border = (ratio: number, random: string) => isChosen(ratio, beginning + random.padEnd(14, '0'))
    assert.deepEqual([border(0.5, '7fffffffffffff'), border(0.5, '8')], [false, true])
    assert.deepEqual([border(1 / 16, 'efffffffffffff'), border(1 / 16, 'f')], [false, true])
  })

  it('has none that is not recorded where it comes from', () => {
    const flags = ['00', '01', '02', '03', '0a', '0b', 'fe', 'ff']
    assert.deepEqual(
      flags.filter((each) => isChosen(1, '1'.repeat(32), each)),
      ['01', '03', '0b', 'ff'],
    )
  })

  it('has none that is cut off', () => {
    const text = Buffer.from(`00-${'1'.repeat(32)}-b7ad6b7169203331-01`)
    const sampling = new TraceSampling(1)
    assert.deepEqual(
      [sampling.isChosen(text, 0, text.length - 1), sampling.isChosen(text, 0, text.length)],
      [false, true],
    )
  })
})
