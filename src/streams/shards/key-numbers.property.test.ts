import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { KeyNumbers } from './key-numbers.ts'

/** Numbers of other shards before those that are added; those are how many; and what becomes of them. */
const steps = fc.array(
  fc.record({
    gap: fc.nat(3),
    count: fc.nat(4),
    fate: fc.constantFrom('go on', 'commit', 'take back'),
    share: fc.nat(10),
  }),
  { maxLength: 30 },
)

describe('KeyNumbers', () => {
  it('says how many of the own keys have lower numbers, as a list of all of them does', () => {
    const property = fc.property(steps, (drawn) => {
      const numbers = new KeyNumbers()
      let all: number[] = []
      let [next, committed, forgotten] = [0, 0, 0]
      for (const { gap, count, fate, share } of drawn) {
        next += gap
        numbers.add(next, count)
        for (let added = 0; added < count; added++) all.push(next++)
        const limit = Math.max(all[forgotten - 1] ?? 0, Math.floor((next * share) / 10))
        const below = all.filter((number) => number < limit).length
        if (below >= forgotten) assert.equal(numbers.below(limit), below)
        if (fate === 'commit') {
          forgotten = Math.max(forgotten, below)
          numbers.drop(forgotten)
          committed = all.length
        } else if (fate === 'take back') {
          numbers.cut(committed)
          all = all.slice(0, committed)
          next = (all.at(-1) ?? -1) + 1
        }
        assert.equal(numbers.count, all.length)
        assert.equal(numbers.below(Infinity), all.length)
      }
    })
    check(property, 2_000)
  })
})
