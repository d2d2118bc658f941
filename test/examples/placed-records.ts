import { nextInt, type Random } from '../../src/core/random.ts'
import type { GivenRecord, Group } from './example.ts'

/** A record with its place in the topic. */
export interface PlacedRecord {
  readonly record: GivenRecord
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
}

/** How many groups lie between the records of one, at most. */
const reach = 100
const firstMs = 1_700_000_000_000
const recordEveryMs = 10_000

/** Mixes the records of groups, each of which keeps its order, and deals them to partitions. */
export function placeRecords(groups: readonly Group[], partitions: number, random: Random): PlacedRecord[] {
  const mixed = groups.flatMap(({ records }, index) => {
    const places = records.map(() => index + nextInt(random, reach)).sort((a, b) => a - b)
    const partitionOf = new Map<string, number>()
    return records.map((record, at) => {
      const partition = partitionOf.get(record.topic) ?? nextInt(random, partitions)
      partitionOf.set(record.topic, partition)
      return { record, place: places[at]!, partition }
    })
  })
  mixed.sort((a, b) => a.place - b.place)
  const ends = new Map<string, number>()
  return mixed.map(({ record, partition }, at) => {
    const log = `${record.topic}/${partition}`
    const offset = ends.get(log) ?? 0
    ends.set(log, offset + 1)
    return { record, partition, offset, timestampMs: record.timestampMs ?? firstMs + at * recordEveryMs }
  })
}
