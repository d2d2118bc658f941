import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { grouped } from './grouped.ts'

describe('a number with its digits grouped', () => {
  it('is as people who write English have it', () => {
    check(
      fc.property(fc.maxSafeInteger(), (value) => assert.equal(grouped(value), value.toLocaleString('en'))),
      1_000,
    )
    assert.deepEqual([0, 12, 123, 1_234, -123, -1_234_567].map(grouped), [
      '0',
      '12',
      '123',
      '1,234',
      '-123',
      '-1,234,567',
    ])
  })
})
