import { KafkaError, MillraceError } from '../../core/errors.ts'
import { type Cluster, fetchGroupOffsets, listOffsets, type Topic } from '../../kafka/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { isSourceOf } from '../checkpoint/migration.ts'
import type { RunOptions } from '../options.ts'
import type { Sources } from '../topics/sources.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'

/** What a start has found of its sources; offsets are by number of the partition. */
export interface StartFindings {
  /** Of the last epoch; undefined at the first start. */
  readonly manifest: Manifest | undefined
  readonly sources: Sources
  readonly logStarts: readonly number[]
  readonly logEnds: readonly number[]
}

/**
 * The offsets at which the partitions begin that no manifest has, by number: those of a new source, or of all sources of
 * a new program, at their start position, those that a source was given later at 0. What is before them is no loss.
 *
 * @throws MillraceError `START_POSITION_UNKNOWN` where a group has committed nothing, or more than there is; KafkaError
 * `KAFKA_OFFSET_LOST` where what it has committed is gone.
 */
export async function startOffsetsOf(
  cluster: Cluster,
  plan: Plan,
  found: StartFindings,
  { acceptLoss }: Pick<RunOptions, 'acceptLoss'>,
): Promise<number[]> {
  const { manifest, sources, logStarts, logEnds } = found
  const { topics, partitions } = sources
  const [starts, ends] = [partitions.bySource(logStarts), partitions.bySource(logEnds)]
  const offsets = plan.sources.map(async (source, number) => {
    if (!isNewSource(manifest, source)) return topics[number]!.partitions.map(() => 0)
    const log: SourceLog = { topic: topics[number]!, starts: starts[number]!, ends: ends[number]! }
    return offsetsIn(cluster, source, log, acceptLoss)
  })
  // Letters that were redriven before a program began are of another one of its name.
  const redriven = manifest === undefined ? ends[plan.sources.length] : []
  const firstOfRedriven = topics
    .slice(plan.sources.length)
    .map((topic) => topic.partitions.map((_, at) => redriven?.[at] ?? 0))
  return partitions.byNumber([...(await Promise.all(offsets)), ...firstOfRedriven], 0)
}

/** Whether a source is read for the first time. */
export function isNewSource(manifest: Manifest | undefined, { topic }: Pick<PlannedSource, 'topic'>): boolean {
  if (manifest === undefined) return true
  return !isSourceOf(manifest.topology, topic) && !manifest.former?.some((former) => former.topic === topic)
}

interface SourceLog {
  readonly topic: Topic
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

async function offsetsIn(cluster: Cluster, { from }: PlannedSource, log: SourceLog, acceptLoss: boolean) {
  const { topic, starts, ends } = log
  if (from === 'earliest') return starts
  if (from === 'latest') return ends
  if ('group' in from) return committedOffsets(cluster, from.group, log, acceptLoss)
  const offsets = await listOffsets(cluster, topic, from)
  return offsets.map((offset, partition) => Math.min(offset, ends[partition]!))
}

/** Of a partition in which the group has committed nothing the start of the log, where consumers begin as well. */
async function committedOffsets(
  cluster: Cluster,
  group: string,
  { topic, starts, ends }: SourceLog,
  acceptLoss: boolean,
): Promise<number[]> {
  const { name, partitions } = topic
  const commits = await fetchGroupOffsets(cluster, group, name, partitions.length, { requireStable: true })
  if (commits.every((offset) => offset === undefined)) {
    const text = `group "${group}" has committed no offset of topic "${name}", where the program is to begin`
    throw new MillraceError('START_POSITION_UNKNOWN', text, { group, topic: name })
  }
  return commits.map((offset, partition) => {
    const [logStart, logEnd] = [starts[partition]!, ends[partition]!]
    if (offset === undefined) return logStart
    const where = `partition ${partition} of topic "${name}"`
    if (offset > logEnd) {
      const text = `group "${group}" has committed offset ${offset} in ${where}, which ends at ${logEnd}`
      throw new MillraceError('START_POSITION_UNKNOWN', text, { group, topic: name, partition, offset, logEnd })
    }
    if (offset >= logStart || acceptLoss) return Math.max(offset, logStart)
    const text = `records that group "${group}" had not read are gone: ${where} begins at ${logStart}, the next one to read is at ${offset}`
    throw new KafkaError('KAFKA_OFFSET_LOST', text, { topic: name, partition, offset, logStart })
  })
}
