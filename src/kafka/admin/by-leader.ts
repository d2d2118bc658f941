import type { Topic } from '../cluster/topic.ts'

/** Partitions of a topic by the broker that leads them. */
export function byLeader(topic: Topic): Map<number, number[]> {
  const leaders = new Map<number, number[]>()
  topic.partitions.forEach(({ leader }, partition) => {
    const led = leaders.get(leader)
    if (led === undefined) leaders.set(leader, [partition])
    else led.push(partition)
  })
  return leaders
}
