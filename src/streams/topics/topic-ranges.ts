import type { TopicRange } from '../../kafka/index.ts'

/** What of a range comes after some offsets, by partition; from its start where none is known. */
export function after({ starts, ends }: TopicRange, reached: readonly number[]): TopicRange {
  return { starts: starts.map((start, partition) => Math.max(start, reached[partition] ?? 0)), ends }
}

/** What of a range is in some partitions: of the others there is nothing to read. */
export function ofPartitions({ starts, ends }: TopicRange, partitions: readonly number[]): TopicRange {
  const only = (offsets: readonly number[]) =>
    offsets.map((offset, partition) => (partitions.includes(partition) ? offset : 0))
  return { starts: only(starts), ends: only(ends) }
}

/** How far a topic has been read, by partition: up to some offsets now, up to others before. */
export function furthest(ends: readonly number[], before: readonly number[]): number[] {
  return ends.map((end, partition) => Math.max(end, before[partition] ?? 0))
}
