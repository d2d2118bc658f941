import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { type Claimant, shareOut } from './cooperative-assignor.ts'
import { decodeAssignment, decodeClaim, encodeAssignment, encodeClaim } from './task-claims.ts'

const taskMax = 20

const groups = fc.record({
  taskCount: fc.integer({ min: 1, max: taskMax }),
  claims: fc.array(
    fc.record({
      held: fc.uniqueArray(fc.nat(taskMax - 1)),
      generation: fc.integer({ min: -1, max: 5 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
})

function claimantsOf(claims: readonly Omit<Claimant, 'memberId'>[]): Claimant[] {
  return claims.map((claim, index) => ({ ...claim, memberId: `member-${index}` }))
}

/** The members as they join again once each has done what it was told. */
function afterwards(shares: ReturnType<typeof shareOut>): Claimant[] {
  return [...shares].map(([memberId, { assigned }]) => ({ memberId, held: assigned, generation: 6 }))
}

describe('shareOut', () => {
  it('gives no task to two, and none that another one still has', () => {
    check(
      fc.property(groups, ({ taskCount, claims }) => {
        const claimants = claimantsOf(claims)
        const shares = [...shareOut(claimants, taskCount)]

        const all = shares.flatMap(([, { assigned, released }]) => [...assigned, ...released])
        assert.equal(new Set(all).size, all.length)
        for (const [memberId, { assigned }] of shares) {
          for (const task of assigned) {
            const latest = Math.max(...claimants.map((each) => (each.held.includes(task) ? each.generation : -1)))
            const isFree = latest < 0
            const own = claimants.find((each) => each.memberId === memberId)!
            assert.ok(isFree || (own.held.includes(task) && own.generation === latest), `task ${task}`)
          }
        }
      }),
    )
  })

  it('shares all evenly with the generation in which nothing is given up any more, and moves nothing after that', () => {
    check(
      fc.property(groups, ({ taskCount, claims }) => {
        const second = shareOut(afterwards(shareOut(claimantsOf(claims), taskCount)), taskCount)
        const third = shareOut(afterwards(second), taskCount)

        const counts = [...second.values()].map(({ assigned }) => assigned.length)
        assert.equal(
          counts.reduce((sum, count) => sum + count),
          taskCount,
        )
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join())
        const sorted = (shares: typeof second) =>
          new Map(Array.from(shares, ([id, { assigned }]) => [id, assigned.toSorted(byNumber)]))
        assert.deepEqual(sorted(third), sorted(second))
      }),
    )
  })
})

describe('what members of a classic group say', () => {
  it('comes as it was said', () => {
    check(
      fc.property(groups, ({ claims }) => {
        for (const claim of claims) {
          const share = { assigned: claim.held, released: claim.held.toReversed() }
          assert.deepEqual(decodeClaim('tasks', encodeClaim('tasks', claim)), { ...claim })
          assert.deepEqual(decodeAssignment('tasks', encodeAssignment('tasks', share)), share)
        }
      }),
    )
  })
})

function byNumber(a: number, b: number): number {
  return a - b
}
