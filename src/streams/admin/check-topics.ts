import { MillraceError } from '../../core/errors.ts'
import { type Cluster, findMissingRights, grantsOf, type Right, type TransactionWait } from '../../kafka/index.ts'
import { findCheckpointTopic } from '../checkpoint/checkpoint-topic.ts'
import { manifestBytesMax } from '../checkpoint/manifest.ts'
import { taskCountOf } from '../topics/program-topics.ts'
import { rightsToRun } from '../topics/rights.ts'
import {
  checkOutput,
  defaultBatchBytesMax,
  type OutputUse,
  readSettings,
  warnOfSettings,
} from '../topics/topic-settings.ts'
import { type Plan, planTopology } from '../topology/plan.ts'
import { expiryTopics } from '../topology/plan-leaving.ts'
import { chainOf } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { findAppCheckpoint, ifKnown } from './app-checkpoint.ts'
import { readingAtBrokers, type ReadingOptions } from './at-brokers.ts'
import { lossAtStart } from './gone-records.ts'

/** What a program uses a topic for. */
export type TopicUse = 'source' | 'table' | 'checkpoint' | OutputUse

/** A topic of a program, as brokers have it. */
export interface CheckedTopic {
  readonly topic: string
  readonly use: TopicUse
  /** `absent`: a start creates it. `missing`: a start fails without it, or this client may not see it. */
  readonly state: 'there' | 'absent' | 'missing'
  readonly partitions?: number
  /** What a start would fail with. */
  readonly problem?: string
  /** Settings under which it works, though perhaps not as it was meant. */
  readonly warnings: readonly string[]
}

/** What a start of a program would find of its topics, and of its rights. */
export interface TopicsCheck {
  readonly app: string
  /** Whether a start finds all that it needs. */
  readonly isReady: boolean
  readonly topics: readonly CheckedTopic[]
  readonly missingRights: readonly Right[]
  /** The commands that grant these, in the form of `kafka-acls`. */
  readonly grants: readonly string[]
}

export interface CheckTopicsOptions extends Omit<ReadingOptions, 'app'> {
  readonly topology: Topology
}

/**
 * Looks at all topics of a program, at their settings, at what this client may do, and whether sources still have the
 * records that the checkpoint needs, as a start does; and changes nothing.
 *
 * @throws TopologyError `TOPOLOGY_INVALID`; KafkaError where brokers cannot be asked.
 */
export function checkTopics({ topology, ...options }: CheckTopicsOptions): Promise<TopicsCheck> {
  const plan = planTopology(topology)
  return readingAtBrokers({ ...options, app: plan.name }, (cluster, _, { wait }) => checkAt(cluster, plan, wait))
}

async function checkAt(cluster: Cluster, plan: Plan, wait: TransactionWait): Promise<TopicsCheck> {
  const plans = chainOf(plan)
  const missingRights = await findMissingRights(cluster, plans.flatMap(rightsToRun))
  const topics: CheckedTopic[] = []
  for (const each of plans) {
    const ofEach = await checkTopicsOf(cluster, each)
    topics.push(...(missingRights.length === 0 ? await checkRecords(cluster, each, ofEach, wait) : ofEach))
  }
  const isFit = ({ state, problem }: CheckedTopic) => state !== 'missing' && problem === undefined
  return {
    app: plan.name,
    isReady: missingRights.length === 0 && topics.every(isFit),
    topics,
    missingRights,
    grants: grantsOf(missingRights),
  }
}

/** Those of one subtopology. */
async function checkTopicsOf(cluster: Cluster, plan: Plan): Promise<CheckedTopic[]> {
  const uses = usesOf(plan)
  const permissions = await cluster.topicPermissions(uses.map(([topic]) => topic))
  const topics: CheckedTopic[] = []
  for (const [topic, use] of uses) {
    if (permissions.get(topic)!.exists) topics.push(await checkTopic(cluster, plan, topic, use))
    else topics.push({ topic, use, state: isCreated(plan, use) ? 'absent' : 'missing', warnings: [] })
  }
  return topics
}

/** A start needs the records that its checkpoint names: a source that has lost some is not what it was. */
async function checkRecords(
  cluster: Cluster,
  plan: Plan,
  topics: readonly CheckedTopic[],
  wait: TransactionWait,
): Promise<readonly CheckedTopic[]> {
  const checkpoint = topics.findIndex(({ use }) => use === 'checkpoint')
  const { state, problem } = topics[checkpoint]!
  if (state !== 'there' || problem !== undefined) return topics
  const error = await faultOfRecords(cluster, plan, wait)
  if (error === undefined) return topics
  const source = topics.findIndex(({ topic }) => topic === error.details['topic'])
  const index = source === -1 ? checkpoint : source
  return topics.with(index, { problem: problemOf(error), ...topics[index]! })
}

async function faultOfRecords(cluster: Cluster, plan: Plan, wait: TransactionWait): Promise<MillraceError | undefined> {
  try {
    const kept = await ifKnown(() => findAppCheckpoint(cluster, plan.name, wait))
    return kept && (await lossAtStart(cluster, plan, kept))
  } catch (error) {
    if (MillraceError.is(error)) return error
    throw error
  }
}

/** A start makes those of its own. */
function isCreated({ next }: Plan, use: TopicUse): boolean {
  return use === 'dead letters' || use === 'checkpoint' || (use === 'merged records' && next !== undefined)
}

/** An internal topic is told of as what it is written to for. */
function usesOf({ lookups, sources, sinks, correlate, deadLetterTopic, checkpointTopic }: Plan): [string, TopicUse][] {
  return [
    ...sources.filter(({ isInternal }) => !isInternal).map(({ topic }): [string, TopicUse] => [topic, 'source']),
    ...lookups.map(({ topic }): [string, TopicUse] => [topic, 'table']),
    ...sinks.map(({ topic }): [string, TopicUse] => [topic, 'merged records']),
    ...expiryTopics(correlate.expiry).map((topic): [string, TopicUse] => [topic, 'expired rows']),
    [deadLetterTopic, 'dead letters'],
    [checkpointTopic, 'checkpoint'],
  ]
}

async function checkTopic(cluster: Cluster, plan: Plan, name: string, use: TopicUse): Promise<CheckedTopic> {
  const warnings: string[] = []
  const about = { topic: name, use, state: 'there', warnings } as const
  let partitions: number | undefined
  try {
    const [topic] = await cluster.topics([name])
    partitions = topic!.partitions.length
    // Its settings are nobody's business, and take a right of their own.
    if (use === 'table') return { ...about, partitions }
    const settings = await readSettings(cluster, topic!)
    if (use === 'checkpoint') await findCheckpoint(cluster, plan)
    else if (use !== 'source') checkOutput(settings, use)
    const outputUse = use === 'source' || use === 'checkpoint' ? undefined : use
    if (use !== 'source') warnOfSettings(plan.name, settings, outputUse, collecting(warnings))
    return { ...about, partitions }
  } catch (error) {
    if (!MillraceError.is(error)) throw error
    return { ...about, ...(partitions !== undefined && { partitions }), problem: problemOf(error) }
  }
}

/** It has to take what the sources come to, as far as these are there. */
async function findCheckpoint(cluster: Cluster, plan: Plan): Promise<void> {
  const permissions = await cluster.topicPermissions(plan.sources.map(({ topic }) => topic))
  const there = plan.sources.map(({ topic }) => topic).filter((topic) => permissions.get(topic)!.exists)
  const sources = await cluster.topics(there)
  const partitions = sources.reduce((sum, topic) => sum + topic.partitions.length, 0)
  await findCheckpointTopic(cluster, plan.checkpointTopic, taskCountOf(plan, sources), {
    created: defaultBatchBytesMax,
    least: manifestBytesMax(plan, partitions),
  })
}

function problemOf({ code, message }: MillraceError): string {
  return `${code}: ${message}`
}

function collecting(warnings: string[]) {
  const warn = (_facts: object, sentence: string) => void warnings.push(sentence)
  return { debug() {}, info() {}, warn, error() {} }
}
