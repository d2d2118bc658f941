import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../../test/property.ts'
import { ownerIdOf, type Unit, unitOf } from '../epochs/unit.ts'
import type { Assignor, Sharer } from './assignor.ts'
import { assignInRanges } from './range-assignor.ts'
import { assignUniformly } from './uniform-assignor.ts'

const runs = 2_000
const topicIds = ['t', 'u', 'v']

/** Members that come and go, each with the topics that it subscribes to. */
const memberships = fc.array(
  fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.subarray(topicIds, { minLength: 1 }), { maxKeys: 5 }),
  { minLength: 1, maxLength: 6 },
)
const partitionCounts = fc.record({ t: fc.nat(7), u: fc.nat(7), v: fc.nat(7) })

type Shares = ReadonlyMap<string, ReadonlySet<Unit>>

/** Has an assignor follow each membership from what the one before had, and looks at each outcome. */
function follow(
  assign: Assignor,
  courses: Record<string, string[]>[],
  counts: Record<string, number>,
  look: (members: readonly Sharer[], shares: Shares) => void,
): void {
  let shares: Shares = new Map()
  for (const membership of courses) {
    const members = Object.entries(membership).map(([id, topics]) => ({
      id,
      topicIds: new Set(topics),
      units: shares.get(id) ?? new Set<Unit>(),
    }))
    const subscribed = topicIds.filter((topicId) => members.some((member) => member.topicIds.has(topicId)))
    shares = assign({ members, partitionCounts: new Map(subscribed.map((topicId) => [topicId, counts[topicId]!])) })

    const given = [...shares.values()].flatMap((share) => [...share])
    const all = subscribed.flatMap((topicId) => Array.from({ length: counts[topicId]! }, (_, i) => unitOf(topicId, i)))
    assert.deepEqual(given.toSorted(), all.toSorted(), 'each partition is given to one member')
    for (const { id, topicIds: wanted } of members) {
      assert.ok(
        [...shares.get(id)!].every((unit) => wanted.has(ownerIdOf(unit))),
        'nobody gets what it does not read',
      )
    }
    look(members, shares)
  }
}

describe('the uniform assignor', () => {
  it('leaves nobody two partitions more than another who may have them', () => {
    check(
      fc.property(memberships, partitionCounts, (courses, counts) => {
        follow(assignUniformly, courses, counts, (members, shares) => {
          for (const [owner, share] of shares) {
            for (const { id, topicIds: wanted } of members) {
              const mayTake = [...share].some((unit) => wanted.has(ownerIdOf(unit)))
              const isFar = share.size > shares.get(id)!.size + 1
              assert.ok(!(mayTake && isFar), `${owner} has ${share.size}, ${id} ${shares.get(id)!.size}`)
            }
          }
        })
      }),
      runs,
    )
  })

  it('moves no more than balance takes, where all read the same', () => {
    check(
      fc.property(memberships, partitionCounts, (courses, counts) => {
        const same = courses.map((membership) =>
          Object.fromEntries(Object.keys(membership).map((id) => [id, topicIds])),
        )
        follow(assignUniformly, same, counts, (members, shares) => {
          const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
          const [least, extraCount] = [Math.floor(total / members.length), total % members.length]
          // The largest keep one more, as many of them as there are members with one more.
          const sizes = members.map(({ units }) => units.size).sort((a, b) => b - a)
          const mayKeep = sizes.map((size, place) => Math.min(size, place < extraCount ? least + 1 : least))
          const kept = members.map(({ id, units }) => units.intersection(shares.get(id)!).size)
          assert.equal(sum(kept), sum(mayKeep))
        })
      }),
      runs,
    )
  })
})

describe('the range assignor', () => {
  it('gives each subscriber of a topic as many of its partitions as the others, or one more', () => {
    check(
      fc.property(memberships, partitionCounts, (courses, counts) => {
        follow(assignInRanges, courses, counts, (members, shares) => {
          for (const topicId of topicIds) {
            const subscribers = members.filter((member) => member.topicIds.has(topicId))
            const sizes = subscribers.map(
              ({ id }) => [...shares.get(id)!].filter((u) => ownerIdOf(u) === topicId).length,
            )
            assert.ok(subscribers.length === 0 || Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join())
          }
        })
      }),
      runs,
    )
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
