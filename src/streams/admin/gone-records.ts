import { type Cluster, topicRange } from '../../kafka/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import { lossError, lossOf } from '../epochs/loss.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { Plan } from '../topology/plan.ts'
import { type AppCheckpoint, findVisibleTopic } from './app-checkpoint.ts'
import type { Log } from './app-logs.ts'

/** Pending parts of a source partition whose records are gone from the source. */
export interface GoneParts extends PartitionPlace {
  readonly count: number
}

type Kept = Pick<AppCheckpoint, 'manifest' | 'partitions' | 'pending' | 'promoted'>

/**
 * The pending parts that a start would look for in vain.
 *
 * @param sources - By their numbers; one that is not there has nothing.
 */
export function goneParts(kept: Kept, sources: readonly (Pick<Log, 'present'> | undefined)[]): GoneParts[] {
  const { partitions } = kept
  const { loss = [] } = lossFrom(kept, (number) => {
    const { source, partition } = partitions.list[number]!
    return sources[source]?.present?.range.starts[partition]
  })
  return loss.flatMap(({ pendingOffsets: { length: count } }, number) => {
    return count === 0 ? [] : [{ ...partitions.placeOf(number), count }]
  })
}

/** What a start would fail with because sources have lost records; undefined where it needs none of these. */
export async function lossAtStart(cluster: Cluster, plan: Plan, kept: Kept): Promise<MillraceError | undefined> {
  const { partitions } = kept
  const read = new Set(plan.sources.map(({ topic }) => topic))
  const starts = new Map<string, readonly number[]>()
  for (const name of [...read, partitions.redriveTopic!]) {
    const topic = await findVisibleTopic(cluster, name)
    if (topic !== undefined) starts.set(name, (await topicRange(cluster, topic)).starts)
  }
  const { loss, logStarts } = lossFrom(kept, (number) => {
    const { topic, partition } = partitions.placeOf(number)
    return starts.get(topic)?.[partition]
  })
  return loss && lossError(partitions, loss, logStarts)
}

/** @param startOf - Where the log of a partition begins, by its number; undefined where none of it is missed. */
function lossFrom({ manifest: { nextOffsets }, ...kept }: Kept, startOf: (number: number) => number | undefined) {
  const logStarts = nextOffsets.map((next, number) => startOf(number) ?? next)
  return { loss: lossOf(kept, nextOffsets, logStarts), logStarts }
}
