import { MillraceError, KafkaError } from '../../core/errors.ts'
import { type Cluster, type Topic, topicRange, type TransactionWait } from '../../kafka/index.ts'
import { OffsetSet } from '../../kernel/index.ts'
import { Accounting } from '../epochs/accounting.ts'
import { type CheckpointRecords, collectPending, manifestsOf } from '../checkpoint/checkpoint-records.ts'
import { readAll } from '../checkpoint/checkpoint-view.ts'
import { emptyDigest } from '../checkpoint/digest.ts'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { manifestOfAll } from '../tasks/task-manifests.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { findSources } from '../topics/program-topics.ts'
import { requireRights, rightsToReadApp } from '../topics/rights.ts'
import { SourcePartitions } from '../topics/source-partitions.ts'
import { sourcesOf } from '../topics/sources.ts'
import { type Plan } from '../topology/plan.ts'
import { ownTopics } from '../topology/plan-topics.ts'

/** An application as of its last committed epoch. */
export interface AppCheckpoint {
  readonly manifest: Manifest
  readonly partitions: SourcePartitions
  /** The pending offsets, by number of the source partition. */
  readonly pending: readonly OffsetSet[]
  /** The topic of the checkpoint; absent where there is none yet. */
  readonly topic?: Topic
  /** Which of them are promoted. */
  readonly promoted: PromotedParts
  readonly records: CheckpointRecords
  /** Rows of its tables. */
  readonly tables: CheckpointTables
  /** Whether its layout shares tasks out, each with a checkpoint of its own. */
  readonly isShared: boolean
}

/**
 * Reads what the last committed epoch of an application left behind, whether or not it runs.
 *
 * @throws MillraceError `APP_UNKNOWN` where it has never committed one, `CHECKPOINT_CORRUPT`; KafkaError
 * `KAFKA_TRANSACTION_OPEN`
 */
export async function readAppCheckpoint(cluster: Cluster, app: string, wait: TransactionWait): Promise<AppCheckpoint> {
  const checkpoint = await findAppCheckpoint(cluster, app, wait)
  if (checkpoint === undefined) throw unknownApp(app, 'it has not committed an epoch yet')
  return checkpoint
}

/**
 * The same, or undefined where no epoch has committed yet.
 *
 * @throws MillraceError `APP_UNKNOWN` where it has no topic for a checkpoint, `CHECKPOINT_CORRUPT`
 */
export async function findAppCheckpoint(
  cluster: Cluster,
  app: string,
  wait: TransactionWait,
): Promise<AppCheckpoint | undefined> {
  for (const topic of await findCheckpointsOf(cluster, app)) {
    const checkpoint = await checkpointIn(cluster, app, topic, wait)
    if (checkpoint !== undefined) return checkpoint
  }
  return undefined
}

/** Undefined where it has none there, or goes on in another layout. */
async function checkpointIn(cluster: Cluster, app: string, topic: Topic, wait: TransactionWait) {
  const { records, promotedPlaces, tables } = await readAll(cluster, topic, wait)
  const { manifest, isShared } = lastManifest(records, topic)
  if (manifest === undefined || manifest.movedTo !== undefined) return undefined
  const pending = manifest.nextOffsets.map(() => new OffsetSet())
  collectPending(records, manifest, pending)
  // Nothing of it will be taken back.
  for (const set of pending) set.settle()
  const promoted = PromotedParts.after(records, pending, promotedPlaces)
  const partitions = partitionsIn(app, manifest)
  return { manifest, partitions, pending, topic, promoted, records, tables, isShared }
}

/** That of the program, or one over all of its tasks. */
function lastManifest(records: CheckpointRecords, { partitions }: Topic) {
  const manifests = manifestsOf(records, partitions.keys())
  const [first] = manifests
  const isShared = first?.task !== undefined
  return { manifest: isShared ? manifestOfAll(manifests) : first, isShared }
}

/** The topic of its checkpoint, there or not; of the checkpoints of its tasks where that is the one to be seen. */
export async function checkpointTopicOf(cluster: Cluster, app: string): Promise<string> {
  const { checkpointTopic } = ownTopics(app)
  const { checkpointTopic: tasksTopic } = ownTopics(app, 'keyed')
  const permissions = await cluster.topicPermissions([checkpointTopic, tasksTopic])
  const isShared = permissions.get(tasksTopic)!.exists && !permissions.get(checkpointTopic)!.exists
  return isShared ? tasksTopic : checkpointTopic
}

/**
 * Fails unless this client may read the checkpoint of an application and its dead letters.
 *
 * @throws MillraceError `KAFKA_RIGHTS_MISSING`
 */
export async function requireReading(cluster: Cluster, app: string): Promise<void> {
  await requireRights(cluster, app, rightsToReadApp(app, await checkpointTopicOf(cluster, app)))
}

/**
 * The topic of its checkpoint, and of the checkpoints of its tasks: while it moves from one layout to another there are
 * both.
 *
 * @throws MillraceError `APP_UNKNOWN`
 */
async function findCheckpointsOf(cluster: Cluster, app: string): Promise<Topic[]> {
  const { checkpointTopic } = ownTopics(app)
  const { checkpointTopic: tasksTopic } = ownTopics(app, 'keyed')
  const found = [await findVisibleTopic(cluster, checkpointTopic), await findVisibleTopic(cluster, tasksTopic)]
  const topics = found.filter((topic) => topic !== undefined)
  if (topics.length === 0) throw unknownApp(app, `there is no topic "${checkpointTopic}", nor "${tasksTopic}"`)
  return topics
}

/**
 * What is found out of the subtopology after another one: undefined where there is none, or where it has not committed
 * an epoch yet.
 */
export async function ofNext<Found>(
  { next }: Pick<Manifest, 'next'>,
  find: (app: string) => Promise<Found>,
): Promise<Found | undefined> {
  return next && ifKnown(() => find(next.app))
}

/** Undefined where nothing is known of an application, or where it has not committed an epoch yet. */
export async function ifKnown<Found>(find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find()
  } catch (error) {
    if (MillraceError.is(error) && error.code === 'APP_UNKNOWN') return undefined
    throw error
  }
}

/** The partitions that a manifest numbers. */
function partitionsIn(app: string, { topology, former = [], partitions }: Manifest): SourcePartitions {
  return new SourcePartitions(
    topology.sources.map(({ topic }) => topic),
    partitions,
    undefined,
    ownTopics(app).redriveTopic,
    { topics: former.map(({ topic }) => topic), arePassedOver: false },
  )
}

/** What an application begins with: nothing of its sources is read. */
export async function firstCheckpoint(cluster: Cluster, plan: Plan): Promise<AppCheckpoint> {
  const sources = sourcesOf(plan, await findSources(cluster, plan))
  const { topics, partitions } = sources
  const ranges = await Promise.all(topics.map((topic) => topicRange(cluster, topic)))
  const starts = partitions.byNumber(
    ranges.map((range) => range.starts),
    0,
  )
  const none = starts.map(() => 0)
  const manifest: Manifest = {
    format: manifestFormat,
    epoch: 0,
    closedMs: 0,
    topology: shapeOf(plan),
    outputs: [],
    sourceIds: topics.map(({ id }) => id),
    partitions: partitions.list,
    ...Accounting.from(starts).snapshot(),
    pending: 0,
    digest: emptyDigest,
    hashSeed: [0, 0],
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
  }
  const pending = starts.map(() => new OffsetSet())
  const promoted = new PromotedParts(pending)
  return {
    manifest,
    partitions,
    pending,
    promoted,
    records: new Map(),
    tables: new CheckpointTables(),
    isShared: false,
  }
}

/**
 * The topics that an application has read and written, beside its own: former sources, and that of redriven letters where
 * it was read.
 */
export function topicsOf({ manifest, partitions }: Pick<AppCheckpoint, 'manifest' | 'partitions'>): string[] {
  const { topology, former = [], sourceIds, outputs } = manifest
  const redriven = sourceIds.length > topology.sources.length ? [partitions.redriveTopic!] : []
  return [...[...topology.sources, ...former].map(({ topic }) => topic), ...redriven, ...outputs]
}

/** A topic, or undefined where there is none of this name that this user may see. */
export async function findVisibleTopic(cluster: Cluster, name: string): Promise<Topic | undefined> {
  const permissions = await cluster.topicPermissions([name])
  return permissions.get(name)!.exists ? findTopic(cluster, name) : undefined
}

/** A topic, or undefined where there is none of this name. */
export async function findTopic(cluster: Cluster, name: string): Promise<Topic | undefined> {
  try {
    const [topic] = await cluster.topics([name])
    return topic
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'KAFKA_TOPIC_MISSING') return undefined
    throw error
  }
}

export function unknownApp(app: string, what: string): MillraceError {
  return new MillraceError('APP_UNKNOWN', `nothing is known of application "${app}": ${what}`, { app })
}
