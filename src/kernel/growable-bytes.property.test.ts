import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { GrowableBytes } from './growable-bytes.ts'

/** Texts of all lengths in bytes, with halves of characters too, and some that are no longer looked at as short. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  fc
    .tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 300, max: 2_000 }))
    .map(([one, count]) => one.repeat(count)),
)

describe('growable bytes', () => {
  it('append texts as UTF-8, one after the other, wherever they begin', () => {
    check(
      fc.property(fc.array(text, { maxLength: 20 }), fc.nat(64), (texts, capacity) => {
        const bytes = new GrowableBytes(capacity)

        const starts = texts.map((each) => bytes.appendText(each))

        const ends = [...starts.slice(1), bytes.length]
        texts.forEach((each, index) =>
          assert.deepEqual(Buffer.from(bytes.bytes.slice(starts[index], ends[index])), Buffer.from(each)),
        )
      }),
    )
  })
})
