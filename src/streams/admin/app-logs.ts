import { type Cluster, type Topic, topicConfigs, type TopicRange, topicRange } from '../../kafka/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { movedOf, type MovedRecord } from '../checkpoint/moved-record.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { type AppCheckpoint, findTopic } from './app-checkpoint.ts'

/** The topics that an application has read and written. */
export interface AppLogs {
  /** Of merged records and expired rows. */
  readonly outputs: readonly Log[]
  readonly deadLetters: Log
  /** As far as they were consumed, by source; after them that of redriven letters where it was read. */
  readonly sources: readonly Log[]
  /** That of redriven letters; absent where it was never read. */
  readonly redriven?: Log | undefined
}

/** A topic, and whether it still has all that was written to it. */
export interface Log {
  readonly name: string
  readonly isWhole: boolean
  /** Whether it was deleted since and created again under its name. */
  readonly isRecreated: boolean
  /** Of the source: whether a cleaner makes gaps in it, so that a gap does not say that there never was a record. */
  readonly isCompacted: boolean
  /** Absent where it is gone. */
  readonly present?: { readonly topic: Topic; readonly range: TopicRange }
}

/** Finds where the topics of an application begin and end now. */
export async function findLogs(
  cluster: Cluster,
  app: string,
  { manifest, partitions, records }: Pick<AppCheckpoint, 'manifest' | 'partitions' | 'records'>,
): Promise<AppLogs> {
  const { outputsFrom = {} } = movedOf(records) ?? {}
  const sources = await Promise.all(
    sourcesIn(app, manifest).map((each, source) => findSource(cluster, manifest, each, source, partitions)),
  )
  const redriven = manifest.topology.sources.length
  const [deadLetters, ...outputs] = await Promise.all([
    findLog(cluster, ownTopics(app).deadLetterTopic, manifest, outputsFrom),
    ...manifest.outputs.map((name) => findLog(cluster, name, manifest, outputsFrom)),
  ])
  const isRedriven = manifest.sourceIds.length > redriven
  return { outputs, deadLetters, sources, ...(isRedriven && { redriven: sources[redriven] }) }
}

async function findLog(
  cluster: Cluster,
  name: string,
  { outputIds = {} }: Manifest,
  outputsFrom: MovedRecord['outputsFrom'],
): Promise<Log> {
  const topic = await findTopic(cluster, name)
  if (topic === undefined) return { ...gone, name }
  const { starts: logStarts, ends } = await topicRange(cluster, topic)
  const from = outputsFrom[name] ?? []
  const starts = logStarts.map((start, partition) => Math.max(start, from[partition] ?? 0))
  const isRecreated = topic.id !== (outputIds[name] ?? topic.id)
  const isCompacted = await isTopicCompacted(cluster, name)
  const hasAll = starts.every((start, partition) => start === (from[partition] ?? 0))
  const isWhole = hasAll && !isCompacted && !isRecreated
  return { name, isWhole, isRecreated, isCompacted, present: { topic, range: { starts, ends } } }
}

/** Of a topic that is not there. */
const gone = { isWhole: false, isRecreated: false, isCompacted: false } as const

/** What is read and was, by the number of the source; without an id where nothing was. */
function sourcesIn(app: string, { topology, sourceIds, former = [] }: Manifest): { topic: string; id?: string }[] {
  const topics = [...topology.sources.map(({ topic }) => topic), ownTopics(app).redriveTopic]
  const count = former.length > 0 ? topics.length : sourceIds.length
  const sources = topics.slice(0, count).map((topic, source) => {
    const id = sourceIds[source]
    return { topic, ...(id !== undefined && { id }) }
  })
  return [...sources, ...former]
}

/** A source as far as it was consumed. */
async function findSource(
  cluster: Cluster,
  { startOffsets, nextOffsets }: Manifest,
  { topic: name, id }: { readonly topic: string; readonly id?: string },
  source: number,
  partitions: SourcePartitions,
): Promise<Log> {
  if (id === undefined) return { ...gone, name, isWhole: true }
  const first = partitions.bySource(startOffsets)[source]!
  const next = partitions.furthestBySource(nextOffsets)[source]!
  const topic = await findTopic(cluster, name)
  if (topic === undefined || topic.id !== id) return { ...gone, name, isRecreated: topic !== undefined }
  const isCompacted = await isTopicCompacted(cluster, name)
  const logStarts = (await topicRange(cluster, topic)).starts
  const isWhole = first.every((start, partition) => logStarts[partition]! <= start)
  const starts = first.map((start, partition) => Math.max(start, logStarts[partition]!))
  const ends = next.map((end, partition) => Math.max(end, starts[partition]!))
  return { name, isWhole, isRecreated: false, isCompacted, present: { topic, range: { starts, ends } } }
}

async function isTopicCompacted(cluster: Cluster, topic: string): Promise<boolean> {
  const [policy] = await topicConfigs(cluster, topic, 'cleanup.policy')
  return policy?.includes('compact') ?? false
}
