import { numberOf, ownerIdOf, type Unit, unitOf } from '../epochs/unit.ts'
import type { Sharer, Sharing } from './assignor.ts'

/**
 * Gives each subscriber of a topic as many of its partitions as any other, or one more, lowest numbers first: members
 * that subscribe to the same topics with the same numbers of partitions have the same numbers of each. Each keeps as
 * much of what it had as that allows.
 *
 * @see Kafka's RangeAssignor of the broker
 */
export function assignInRanges({ members, partitionCounts }: Sharing): Map<string, Set<Unit>> {
  const shares = new Map(members.map(({ id }) => [id, new Set<Unit>()]))
  for (const [topicId, partitionCount] of partitionCounts) {
    const subscribers = members.filter(({ topicIds }) => topicIds.has(topicId))
    for (const [id, numbers] of rangesOf(topicId, partitionCount, subscribers)) {
      for (const number of numbers) shares.get(id)!.add(unitOf(topicId, number))
    }
  }
  return shares
}

function rangesOf(topicId: string, partitionCount: number, subscribers: readonly Sharer[]): Map<string, number[]> {
  const least = Math.floor(partitionCount / subscribers.length)
  let extraCount = partitionCount % subscribers.length
  const kept = new Map<string, number[]>()
  const taken = new Set<number>()
  for (const { id, units } of subscribers) {
    const had = [...units]
      .filter((unit) => ownerIdOf(unit) === topicId && numberOf(unit) < partitionCount)
      .map(numberOf)
      .filter((number) => !taken.has(number))
      .sort((a, b) => a - b)
    const hasExtra = had.length > least && extraCount > 0
    if (hasExtra) extraCount -= 1
    const numbers = had.slice(0, hasExtra ? least + 1 : least)
    for (const number of numbers) taken.add(number)
    kept.set(id, numbers)
  }

  const free = Array.from({ length: partitionCount }, (_, number) => number).filter((number) => !taken.has(number))
  for (const numbers of kept.values()) {
    if (numbers.length > least) continue
    const wantsExtra = extraCount > 0
    if (wantsExtra) extraCount -= 1
    numbers.push(...free.splice(0, (wantsExtra ? least + 1 : least) - numbers.length))
  }
  return kept
}
