import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, seededRandom } from './random.ts'

describe('nextInt', () => {
  it('draws each number below the bound, and no other', () => {
    const random = seededRandom(1)
    const drawn = new Set(Array.from({ length: 200 }, () => nextInt(random, 5)))

    assert.deepEqual(drawn, new Set([0, 1, 2, 3, 4]))
    assert.equal(nextInt(random, 1), 0)
    assert.ok(nextInt(random, 2 ** 32) < 2 ** 32)
  })

  it('refuses a bound below which there is no number, where it would never end', () => {
    for (const bound of [0, -1, 2 ** 32 + 1, Number.NaN])
      assert.throws(() => nextInt(seededRandom(1), bound), /a draw is below 1 to 2\^32/)
  })
})
