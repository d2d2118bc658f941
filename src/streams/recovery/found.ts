import { fetchGroupCommits, type GroupCommit, listOffsets, type Topic } from '../../kafka/index.ts'
import type { KafkaServices } from '../runtime/services.ts'
import type { Sources } from '../topics/sources.ts'
import type { Findings } from './compatibility.ts'
import type { TasksToRestore } from './state-after.ts'

/** What a process has found that has just become an active one; of tasks that it does not have, nothing. */
export interface Found extends Findings<Sources> {
  /** Offsets of the first records of the sources, and after the last ones, by number of the partition. */
  readonly logStarts: readonly number[]
  readonly logEnds: readonly number[]
  /** Where partitions begin that no manifest has, likewise; absent where that is to be found out. */
  readonly startOffsets?: readonly number[]
  /** Absent where there is one task, over all partitions. */
  readonly tasks?: TasksToRestore
}

/** What brokers have of the sources, by number of the partition. */
export type LogsFound = Pick<Found, 'commits' | 'logStarts' | 'logEnds'>

/**
 * Asks brokers for the logs of the sources, and for what the group has committed. Waits until no open transaction may
 * change that.
 *
 * @param isAsked - Whether commits of a partition are asked for, by its number in its topic. @defaultValue all are
 */
export async function findLogs(
  { cluster, plan }: KafkaServices,
  sources: Sources,
  isAsked: (partition: number) => boolean = () => true,
): Promise<LogsFound> {
  const { topics } = sources
  const ofAll = async <Value>(ask: (topic: Topic) => Promise<Value[]>, ofFormer: Value) =>
    sources.partitions.byNumber(await Promise.all(topics.map(ask)), ofFormer)
  const stableEnds = await ofAll((topic) => listOffsets(cluster, topic, 'latest'), 0)
  const commits = await ofAll<GroupCommit | undefined>(({ name, partitions }) => {
    const wanted = { requireStable: true, partitions: [...partitions.keys()].filter(isAsked) }
    return fetchGroupCommits(cluster, plan.name, name, partitions.length, wanted)
  }, undefined)
  const logStarts = await ofAll((topic) => listOffsets(cluster, topic, 'earliest'), 0)
  // A log of which records of an open transaction were deleted ends before it begins, until that has ended.
  const logEnds = stableEnds.map((end, number) => Math.max(end, logStarts[number]!))
  return { commits, logStarts, logEnds }
}
