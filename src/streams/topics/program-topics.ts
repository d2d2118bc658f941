import { TopologyError } from '../../core/errors.ts'
import { type Cluster, createMissingTopics, type Topic } from '../../kafka/index.ts'
import { partitionsMax, routedBytesMax } from '../../kernel/index.ts'
import { findCheckpointTopic, haveStamped } from '../checkpoint/checkpoint-topic.ts'
import { manifestBytesMax } from '../checkpoint/manifest.ts'
import type { Logger } from '../logs/logger.ts'
import type { Plan } from '../topology/plan.ts'
import { expiryTopics } from '../topology/plan-leaving.ts'
import { findInternalTopic } from './internal-topic.ts'
import { partitionsDiffer, tasksDiffer } from '../tasks/partitions-differ.ts'
import { laneCountOf } from '../topology/plan-sources.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { routedBy } from '../topology/routed.ts'
import { topicsBetween } from '../topology/subtopologies.ts'
import { requireRights, rightsToRun } from './rights.ts'
import { SourcePartitions } from './source-partitions.ts'
import { taskCountIn } from './sources.ts'
import type { TimestampLimits } from '../time/timestamp-window.ts'
import {
  checkOutput,
  defaultBatchBytesMax,
  type OutputUse,
  readSettings,
  warnOfDroppedRows,
  warnOfSettings,
} from './topic-settings.ts'

/** Topics with what the broker says of them; sinks by their index in batches. */
export interface ProgramTopics {
  /** As they were found when the process began to take part, by source: see `Sources`. */
  readonly sources: readonly Topic[]
  /** By source, whether any of its records may be dropped as soon as there is another one with its key. */
  readonly areCompacted: readonly boolean[]
  /** Those that fill tables, in the order of the plan. */
  readonly lookups: readonly Topic[]
  /** The partitions of the records whose parts are read; absent where records are read as they came. */
  readonly recordsOfParts?: SourcePartitions | undefined
  /** The same with those of their redriven letters, from which parts are made as well. */
  readonly recordPlaces?: SourcePartitions | undefined
  /** The topics of these, in the order of their sources. */
  readonly recordTopics?: readonly Topic[] | undefined
  /** `deadLetterSink`, `checkpointSink`, and those of `outputSinks` are their indexes. */
  readonly sinks: readonly Topic[]
  /** Whether the broker stamps the records of the checkpoint, and so tells its time. */
  readonly isCheckpointStamped: boolean
  /** Bytes of the largest record batch that each sink takes. */
  readonly batchBytesMax: readonly number[]
  /** Which timestamps each sink takes. */
  readonly timestamps: readonly TimestampLimits[]
}

/** That of the first sink. */
export const mergedSink = 0
export const deadLetterSink = 1
export const checkpointSink = 2
const otherSinks = 3

/** Indexes of the topics that merged records and expired rows go to, in the order in which the plan has them. */
export function outputSinks({ sinks, correlate }: Pick<Plan, 'sinks' | 'correlate'>): {
  merged: number[]
  expired: number[]
} {
  const merged = [...sinks.keys()].map((sink) => (sink === 0 ? mergedSink : otherSinks + sink - 1))
  const firstExpired = otherSinks + sinks.length - 1
  return { merged, expired: expiryTopics(correlate.expiry).map((_, index) => firstExpired + index) }
}

/** The topics of a plan that are written to, by their indexes. */
export function sinkTopics({ sinks, correlate, deadLetterTopic, checkpointTopic }: Plan): string[] {
  const [first, ...others] = sinks.map(({ topic }) => topic)
  return [first!, deadLetterTopic, checkpointTopic, ...others, ...expiryTopics(correlate.expiry)]
}

/** Topics of what leaves the program: merged records, dead letters, expired rows. */
export function outputsOf({ sinks }: ProgramTopics): Topic[] {
  return sinks.filter((_, sink) => sink !== checkpointSink)
}

/** Bytes of a record that are neither key, value nor headers, and of the batch around it. */
const recordFrameBytes = 128
/** The same of a record in the checkpoint that has another one for its value, with its key. */
const keptFrameBytes = recordFrameBytes + 32

/** Bytes that key, value and headers of the largest record that a sink takes have together. */
export function recordBytesMax({ batchBytesMax }: ProgramTopics, sink: number): number {
  return batchBytesMax[sink]! - recordFrameBytes
}

/**
 * The same of a record that is promoted: it lies in the checkpoint as the value of another, in a batch of its own.
 */
export function promotedBytesMax(topics: ProgramTopics): number {
  return recordBytesMax(topics, checkpointSink) - keptFrameBytes
}

/**
 * Finds the topics of a plan, and creates those for dead letters, for the checkpoint, and on the way to the next
 * subtopology where they do not exist. Warns of settings that may not be meant.
 *
 * @throws KafkaError `KAFKA_TOPIC_MISSING`; MillraceError `KAFKA_RIGHTS_MISSING`, `CHECKPOINT_TOPIC_INVALID`,
 * `OUTPUT_TOPIC_INVALID`; TopologyError `TOPOLOGY_INVALID` for sources of too many partitions.
 */
export async function findTopics(cluster: Cluster, plan: Plan, logger: Logger): Promise<ProgramTopics> {
  await requireRights(cluster, plan.name, rightsToRun(plan))
  const internal = topicsBetween(plan)
  const given = sinkTopics(plan).filter(
    (name, sink) => sink !== deadLetterSink && sink !== checkpointSink && !internal.includes(name),
  )
  const found = await cluster.topics([...topicsRead(plan), ...given, ...plan.lookups.map(({ topic }) => topic)])
  const sources = found.slice(0, plan.sources.length)
  checkSources(plan, sources)
  const partitionCounts = sources.map(({ partitions }) => partitions.length)
  // By the time of their death: an old record must not be past retention as soon as it is a dead letter.
  const configs = { 'message.timestamp.type': 'LogAppendTime' }
  const partitionCount = Math.max(...partitionCounts)
  const taskCount = taskCountOf(plan, sources)
  const [sourceSettings, redriven] = await Promise.all([
    Promise.all(sources.map((source) => readSettings(cluster, source))),
    findRedriveTopic(cluster, plan.redriveTopic, redrivenCountOf(sources)),
    createMissingTopics(cluster, [{ name: plan.deadLetterTopic, partitionCount, configs }]),
  ])
  const largestBatchBytes = Math.max(...sourceSettings.map((each) => each.batchBytesMax))
  const outputs = found.slice(plan.sources.length, plan.sources.length + given.length)
  const lookups = found.slice(plan.sources.length + given.length)
  await warnOfDroppedRows(cluster, plan.name, lookups, logger)
  if (internal.length > 0) {
    const sideNames = plan.sides.map(({ name }) => name)
    const routedBytes = plan.layout === 'routed' ? recordFrameBytes + routedBytesMax(sideNames) : 0
    const sizes = {
      partitionCount: plan.tasks ?? partitionCount,
      batchBytesMax: Math.max(defaultBatchBytesMax, largestBatchBytes + routedBytes),
    }
    outputs.unshift(...(await Promise.all(internal.map((name) => findInternalTopic(cluster, name, sizes)))))
    const { tasks } = plan
    const other = tasks && outputs.find(({ partitions }) => partitions.length !== tasks)
    if (other) throw tasksDiffer(plan, tasks, other)
  }
  const [sink, ...others] = outputs as [Topic, ...Topic[]]
  const deadLetters = await cluster.topicWhenReady(plan.deadLetterTopic)
  const checkpoint = await findCheckpointTopic(cluster, plan.checkpointTopic, taskCount, {
    // Large enough for any record of the sources that is promoted.
    created: Math.max(defaultBatchBytesMax, largestBatchBytes + recordFrameBytes + keptFrameBytes),
    least: recordFrameBytes + manifestBytesMax(plan, laneCount(plan, sources), redriven && laneCount(plan, sources)),
  })
  const sinks = [sink, deadLetters, checkpoint, ...others]
  const uses = outputUses(plan)
  const settings = await Promise.all(sinks.map((topic) => readSettings(cluster, topic)))
  settings.forEach((each, index) => {
    const use = uses[index]
    if (use !== undefined) checkOutput(each, use)
    warnOfSettings(plan.name, each, use, logger)
  })
  const batchBytesMax = settings.map((each) => each.batchBytesMax)
  const { isStamped } = settings[checkpointSink]!
  const isCheckpointStamped = isStamped || (await haveStamped(cluster, plan.checkpointTopic))
  const timestamps = settings.map((each) => each.timestamps)
  const areCompacted = sourceSettings.map(({ isCompacted }) => isCompacted)
  const records = await findRecordsOfParts(cluster, plan)
  return { sources, areCompacted, lookups, ...records, sinks, isCheckpointStamped, batchBytesMax, timestamps }
}

/** Under the numbers that they have where their parts are made: no source gets partitions that shares its work out. */
async function findRecordsOfParts(
  cluster: Cluster,
  { sources }: Plan,
): Promise<Pick<ProgramTopics, 'recordsOfParts' | 'recordPlaces' | 'recordTopics'>> {
  const origins = sources.flatMap(({ partsOf }) => partsOf ?? [])
  if (origins.length === 0) return {}
  const names = origins.map(({ topic }) => topic)
  const laneCounts = origins.map(laneCountOf)
  const recordsOfParts = new SourcePartitions(names, [], laneCounts)
  const recordPlaces = new SourcePartitions(names, [], laneCounts, ownTopics(routedBy(sources[0]!.topic)!).redriveTopic)
  const recordTopics = await cluster.topics(names)
  const counts = recordTopics.map((topic) => topic.partitions.length)
  recordsOfParts.grow(counts)
  recordPlaces.grow([...counts, redrivenCountOf(recordTopics)])
  return { recordsOfParts, recordPlaces, recordTopics }
}

/**
 * How many tasks a program has: partitions of its checkpoint topic.
 *
 * @throws MillraceError `PARTITIONS_DIFFER`
 */
export function taskCountOf(plan: Plan, sources: readonly Topic[]): number {
  const taskCount = taskCountIn(plan, sources)
  if (plan.layout === 'keyed' && sources.some(({ partitions }) => partitions.length !== taskCount))
    throw partitionsDiffer(plan, sources, taskCount)
  return taskCount
}

/** By the index of the sink; nothing of the checkpoint, which is checked by itself. */
function outputUses(plan: Plan): (OutputUse | undefined)[] {
  const uses: (OutputUse | undefined)[] = []
  const { merged, expired } = outputSinks(plan)
  for (const sink of merged) uses[sink] = 'merged records'
  for (const sink of expired) uses[sink] = 'expired rows'
  uses[deadLetterSink] = 'dead letters'
  return uses
}

/**
 * Asks which partitions the sources have now, and the topic of redriven letters, which comes last where there is one.
 *
 * @throws KafkaError `KAFKA_TOPIC_MISSING`; TopologyError `TOPOLOGY_INVALID` for too many partitions.
 */
export async function findSources(cluster: Cluster, plan: Plan): Promise<Topic[]> {
  const topics = await cluster.topics(topicsRead(plan))
  const redriven = await findRedriveTopic(cluster, plan.redriveTopic, redrivenCountOf(topics))
  const found = redriven === undefined ? topics : [...topics, redriven]
  checkSources(plan, found)
  return found
}

/** Each partition of a source has one in the topic of redriven letters. */
function redrivenCountOf(sources: readonly Topic[]): number {
  return sources.reduce((sum, { partitions }) => sum + partitions.length, 0)
}

/**
 * Finds the topic of redriven letters; undefined where there is none, or none that this client may know of.
 *
 * @param partitionCount - Those that it has for the program: what more somebody has given it is of no source.
 */
export async function findRedriveTopic(
  cluster: Cluster,
  name: string,
  partitionCount: number,
): Promise<Topic | undefined> {
  const permissions = await cluster.topicPermissions([name])
  if (!permissions.get(name)!.exists) return undefined
  const topic = await cluster.topicWhenReady(name)
  return { ...topic, partitions: topic.partitions.slice(0, partitionCount) }
}

function topicsRead({ sources }: Plan): string[] {
  return sources.map(({ topic }) => topic)
}

function checkSources(plan: Plan, topics: readonly Topic[]): void {
  const count = laneCount(plan, topics)
  if (count <= partitionsMax) return
  const names = topics.map(({ name }) => `"${name}"`).join(', ')
  const each = plan.sources.some((source) => laneCountOf(source) > 1) ? ', each times the partsMax of its flatMap' : ''
  const text =
    topics.length === 1
      ? `topic ${names} has more than ${partitionsMax} partitions${each}`
      : `the topics ${names} have more than ${partitionsMax} partitions together${each}`
  throw new TopologyError('TOPOLOGY_INVALID', text, { topic: topics.map(({ name }) => name).join(), partitions: count })
}

/** Lanes of all partitions, and of as many of redriven letters where their topic comes last. */
function laneCount(plan: Plan, topics: readonly Topic[]): number {
  const ofSources = plan.sources.reduce((sum, source, index) => {
    return sum + topics[index]!.partitions.length * laneCountOf(source)
  }, 0)
  return topics.length > plan.sources.length ? 2 * ofSources : ofSources
}
