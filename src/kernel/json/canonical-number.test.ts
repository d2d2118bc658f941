import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { canonicalNumber } from './canonical-number.ts'

describe('canonicalNumber', () => {
  it('gives all spellings of one value one form', () => {
    assert.deepEqual(['1', '1.0', '1e0', '10e-1', '0.1E+1', '1.000e-0'].map(canonicalNumber), Array(6).fill('1'))
    assert.deepEqual(['0', '-0', '0.00', '-0e99', '0e-99999999999999999999'].map(canonicalNumber), Array(5).fill('0'))
    assert.deepEqual(['-1.50', '-15e-1', '-0.0015E3'].map(canonicalNumber), Array(3).fill('-1.5'))
  })

  it('rounds nothing', () => {
    assert.equal(canonicalNumber('9007199254740993.0'), '9007199254740993')
    assert.equal(canonicalNumber('0.1000000000000000000000000000001'), '0.1000000000000000000000000000001')
  })

  it('prints what JavaScript prints wherever that is exact', () => {
    const numbers = [0.1, 1.5, 123.456, 1e20, 123456789e10, 0.000001, 1e-7, 1.25e-7, -5e-324, 2 ** 53]

    for (const number of numbers) assert.equal(canonicalNumber(String(number)), String(number))
  })

  it('keeps integers plain up to 80 digits', () => {
    assert.equal(canonicalNumber('1e79'), `1${'0'.repeat(79)}`)
    assert.equal(canonicalNumber('1e80'), '1e+80')
    assert.equal(canonicalNumber(`12${'0'.repeat(79)}`), '1.2e+80')
  })

  it('keeps huge exponents exact and short', () => {
    assert.equal(canonicalNumber('10e999999999999999999999'), '1e+1000000000000000000000')
    assert.equal(canonicalNumber('12e-1000000000000000000000'), '1.2e-999999999999999999999')
    assert.equal(canonicalNumber('1e0000000000000000000000000000002'), '100')
  })
})
