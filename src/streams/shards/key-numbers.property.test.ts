import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { KeyNumbers } from './key-numbers.ts'

/**
 * Numbers of other shards before those that are added; those are how many, how many disowned ones come after them, and
 * what becomes of them.
 */
const steps = fc.array(
  fc.record({
    gap: fc.nat(3),
    count: fc.nat(4),
    disowned: fc.oneof(fc.constant(0), fc.nat(2)),
    fate: fc.constantFrom('go on', 'commit', 'take back'),
    share: fc.nat(10),
  }),
  { maxLength: 30 },
)

describe('KeyNumbers', () => {
  it('says how many of the own keys have lower numbers, as a list of all of them does', () => {
    const property = fc.property(steps, (drawn) => {
      const numbers = new KeyNumbers()
      /** Undefined of those that are disowned. */
      let all: (number | undefined)[] = []
      let [next, nextCommitted, committed, forgotten, highest] = [0, 0, 0, 0, 0]
      for (const { gap, count, disowned, fate, share } of drawn) {
        next += gap
        numbers.add(next, count, disowned)
        for (let added = 0; added < count; added++) all.push(next++)
        for (let added = 0; added < disowned; added++) all.push(undefined)
        highest = Math.max(highest, Math.floor((next * share) / 10))
        const below = numbers.below(highest)
        const expected = all.filter((number) => number !== undefined && number < highest)
        assert.deepEqual(
          all.slice(0, below).filter((number) => number !== undefined),
          expected,
        )
        if (fate === 'commit') {
          forgotten = Math.max(forgotten, below)
          numbers.drop(forgotten)
          committed = all.length
          nextCommitted = next
        } else if (fate === 'take back') {
          numbers.cut(committed)
          all = all.slice(0, committed)
          next = nextCommitted
          highest = Math.min(highest, next)
        }
        assert.equal(numbers.count, all.length)
        assert.equal(numbers.below(Infinity), all.length)
      }
    })
    check(property, 2_000)
  })
})
