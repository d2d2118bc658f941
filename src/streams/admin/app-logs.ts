import { type Cluster, type Topic, topicConfigs, type TopicRange, topicRange } from '../../kafka/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { ownTopics } from '../plan.ts'
import { findTopic } from './app-checkpoint.ts'

/** The topics that an application has read and written. */
export interface AppLogs {
  /** Of merged records and expired rows. */
  readonly outputs: readonly Log[]
  readonly deadLetters: Log
  /** As far as it was consumed. */
  readonly source: Log
}

/** A topic, and whether it still has all that was written to it. */
export interface Log {
  readonly name: string
  readonly isWhole: boolean
  /** Absent where it is gone. */
  readonly present?: { readonly topic: Topic; readonly range: TopicRange }
}

/** Finds where the topics of an application begin and end now. */
export async function findLogs(cluster: Cluster, app: string, manifest: Manifest): Promise<AppLogs> {
  const [source, deadLetters, ...outputs] = await Promise.all([
    findSource(cluster, manifest),
    findLog(cluster, ownTopics(app).deadLetterTopic),
    ...manifest.outputs.map((name) => findLog(cluster, name)),
  ])
  return { outputs, deadLetters, source }
}

async function findLog(cluster: Cluster, name: string): Promise<Log> {
  const topic = await findTopic(cluster, name)
  if (topic === undefined) return { name, isWhole: false }
  const range = await topicRange(cluster, topic)
  const isWhole = range.starts.every((start) => start === 0) && !(await isCompacted(cluster, name))
  return { name, isWhole, present: { topic, range } }
}

/** The source as far as it was consumed. Where a cleaner makes gaps, gaps say nothing. */
async function findSource(cluster: Cluster, { topology, sourceId, startOffsets, nextOffsets }: Manifest): Promise<Log> {
  const name = topology.source
  const topic = await findTopic(cluster, name)
  if (topic?.id !== sourceId || (await isCompacted(cluster, name))) return { name, isWhole: false }
  const logStarts = (await topicRange(cluster, topic)).starts
  const isWhole = startOffsets.every((start, partition) => logStarts[partition]! <= start)
  const starts = startOffsets.map((start, partition) => Math.max(start, logStarts[partition]!))
  const ends = nextOffsets.map((next, partition) => Math.max(next, starts[partition]!))
  return { name, isWhole, present: { topic, range: { starts, ends } } }
}

async function isCompacted(cluster: Cluster, topic: string): Promise<boolean> {
  const [policy] = await topicConfigs(cluster, topic, 'cleanup.policy')
  return policy?.includes('compact') ?? false
}
