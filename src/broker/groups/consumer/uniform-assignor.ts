import { ownerIdOf, type Unit, unitOf } from '../epochs/unit.ts'
import type { Sharer, Sharing } from './assignor.ts'

/**
 * Gives members as many partitions as each other, as far as their subscriptions let it, and moves no more of them than
 * that takes: each keeps what it had, the least loaded get what nobody has, and then partitions move from the members
 * that have most to those that have two less and may have them.
 *
 * @see Kafka's UniformAssignor, which balances first and keeps second in the same way
 */
export function assignUniformly({ members, partitionCounts }: Sharing): Map<string, Set<Unit>> {
  const shares = new Map(members.map(({ id }) => [id, new Set<Unit>()]))
  const sizeOf = ({ id }: Sharer) => shares.get(id)!.size
  const owners = keep(members, partitionCounts, shares)
  const subscribers = new Map(
    Array.from(partitionCounts.keys(), (topicId) => [topicId, members.filter(({ topicIds }) => topicIds.has(topicId))]),
  )
  const leastLoaded = (unit: Unit) =>
    subscribers.get(ownerIdOf(unit))!.reduce((least, member) => (sizeOf(member) < sizeOf(least) ? member : least))
  const give = (unit: Unit, to: Sharer) => {
    const from = owners.get(unit)
    if (from !== undefined) shares.get(from.id)!.delete(unit)
    shares.get(to.id)!.add(unit)
    owners.set(unit, to)
  }

  for (const unit of unitsByChoice(partitionCounts, subscribers)) if (!owners.has(unit)) give(unit, leastLoaded(unit))
  const excess = (from: Sharer) =>
    [...shares.get(from.id)!].toReversed().find((unit) => sizeOf(from) > sizeOf(leastLoaded(unit)) + 1)
  // Each move makes the sum of the squares of the sizes smaller, so there is an end.
  for (;;) {
    const fullestFirst = members.toSorted((a, b) => sizeOf(b) - sizeOf(a))
    const unit = firstOf(fullestFirst, excess)
    if (unit === undefined) break
    give(unit, leastLoaded(unit))
  }
  return shares
}

/** Has members keep what they had and may still have, and says who has what. */
function keep(
  members: readonly Sharer[],
  partitionCounts: ReadonlyMap<string, number>,
  shares: ReadonlyMap<string, Set<Unit>>,
): Map<Unit, Sharer> {
  const owners = new Map<Unit, Sharer>()
  for (const member of members) {
    for (const unit of member.units) {
      const topicId = ownerIdOf(unit)
      if (!member.topicIds.has(topicId) || !partitionCounts.has(topicId) || owners.has(unit)) continue
      shares.get(member.id)!.add(unit)
      owners.set(unit, member)
    }
  }
  return owners
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

/** All partitions, those that few members may have first, so that the others can make up for it. */
function unitsByChoice(
  partitionCounts: ReadonlyMap<string, number>,
  subscribers: ReadonlyMap<string, readonly Sharer[]>,
): Unit[] {
  return [...partitionCounts]
    .toSorted(([a], [b]) => subscribers.get(a)!.length - subscribers.get(b)!.length)
    .flatMap(([topicId, count]) => Array.from({ length: count }, (_, number) => unitOf(topicId, number)))
}
