import { EngineError, KafkaError } from '../../core/errors.ts'
import type { Cluster, Topic } from '../../kafka/index.ts'
import { type FetchedPartition, OffsetSet } from '../../kernel/index.ts'
import { type CheckpointRecords, collectPending, manifestOf } from '../checkpoint/checkpoint-records.ts'
import { readCheckpoint } from '../checkpoint/checkpoint-view.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { promotedBatches } from '../checkpoint/promoted-batches.ts'
import { PromotedParts } from '../checkpoint/promoted-parts.ts'
import { ownTopics } from '../plan.ts'

/** An application as of its last committed epoch. */
export interface AppCheckpoint {
  readonly manifest: Manifest
  /** Which offsets wait, by source partition. */
  readonly pending: readonly OffsetSet[]
  /** Which of them are kept by value, and these parts. */
  readonly promoted: PromotedParts
  readonly promotedBatches: readonly FetchedPartition[]
  readonly records: CheckpointRecords
}

/**
 * Reads what the last committed epoch of an application left behind, whether or not it runs.
 *
 * @throws EngineError `APP_UNKNOWN` where it has never committed one, `CHECKPOINT_CORRUPT`
 */
export async function readAppCheckpoint(cluster: Cluster, app: string): Promise<AppCheckpoint> {
  const { checkpointTopic } = ownTopics(app)
  const topic = await findTopic(cluster, checkpointTopic)
  if (topic === undefined) throw unknownApp(app, `there is no topic "${checkpointTopic}"`)
  const records = await readCheckpoint(cluster, topic)
  const manifest = manifestOf(records)
  if (manifest === undefined) throw unknownApp(app, 'it has not committed an epoch yet')
  const pending = manifest.nextOffsets.map(() => new OffsetSet())
  collectPending(records, manifest, pending)
  // Nothing of it will be taken back.
  for (const set of pending) set.settle()
  const promoted = PromotedParts.behind(records, pending)
  return { manifest, pending, promoted, promotedBatches: promotedBatches(records), records }
}

/** The topics that an application has read and written, beside its own. */
export function topicsOf({ topology, outputs }: Manifest): string[] {
  return [topology.source, ...outputs]
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

export function unknownApp(app: string, what: string): EngineError {
  return new EngineError('APP_UNKNOWN', `nothing is known of application "${app}": ${what}`, { app })
}
