import { MillraceError } from '../../core/errors.ts'
import { type Cluster, type Topic, topicConfigs } from '../../kafka/index.ts'
import type { Logger } from '../logs/logger.ts'
import { type TimestampLimits, timestampLimits, timestampSettings } from '../time/timestamp-window.ts'

/** What decides whether a topic takes what is written to it, and keeps it. */
export interface TopicSettings {
  readonly name: string
  readonly isCompacted: boolean
  /** Bytes of the largest record batch that it takes. */
  readonly batchBytesMax: number
  /** Whether the broker gives records the time of their arrival. */
  readonly isStamped: boolean
  readonly timestamps: TimestampLimits
  readonly replicaCount: number
  readonly minInsyncReplicas: number
}

/** What the records of a topic are, for a person. */
export type OutputUse = 'merged records' | 'expired rows' | 'dead letters'

/** What Kafka takes where nothing else is set. */
export const defaultBatchBytesMax = 1_048_588
/** Less has no room for the headers of any merged record, or of a dead letter by reference. */
const outputBytesMin = { 'merged records': 512, 'expired rows': 512, 'dead letters': 1024 } as const

export async function readSettings(cluster: Cluster, { name, replicaCount }: Topic): Promise<TopicSettings> {
  const names = ['cleanup.policy', 'max.message.bytes', 'min.insync.replicas', 'message.timestamp.type'] as const
  const [policy, bytesMax, insyncMin, timestampType, ...timestamps] = await topicConfigs(
    cluster,
    name,
    ...names,
    ...timestampSettings,
  )
  const isStamped = timestampType === 'LogAppendTime'
  return {
    name,
    isCompacted: policy?.includes('compact') ?? false,
    batchBytesMax: Number(bytesMax ?? defaultBatchBytesMax),
    isStamped,
    timestamps: timestampLimits(isStamped ? [] : timestamps),
    replicaCount,
    minInsyncReplicas: Number(insyncMin ?? 1),
  }
}

/**
 * Fails where a topic would refuse or remove what it is for.
 *
 * @throws MillraceError `OUTPUT_TOPIC_INVALID`
 */
export function checkOutput({ name, isCompacted, batchBytesMax }: TopicSettings, use: OutputUse): void {
  const refuse = (setting: string, why: string): never => {
    throw new MillraceError('OUTPUT_TOPIC_INVALID', `topic "${name}" for ${use} has ${setting}: ${why}`, {
      topic: name,
      setting,
    })
  }
  if (use === 'dead letters' && isCompacted) {
    refuse(
      'cleanup.policy=compact',
      'brokers refuse dead letters without a key, and remove all but the last of each key',
    )
  }
  const least = outputBytesMin[use]
  if (batchBytesMax < least) refuse(`max.message.bytes=${batchBytesMax}`, `none of them fits; set at least ${least}`)
}

/** Tells of settings under which a topic works, though perhaps not as it was meant; the checkpoint has no `use`. */
export function warnOfSettings(app: string, settings: TopicSettings, use: OutputUse | undefined, logger: Logger): void {
  const { name: topic, isCompacted, replicaCount, minInsyncReplicas } = settings
  if (use !== undefined && isCompacted) {
    const sentence =
      'a topic of outputs is compacted: of a key that leaves more than once only the last record stays, and an audit cannot be proved'
    logger.warn({ app, topic }, sentence)
  }
  if (minInsyncReplicas > replicaCount) {
    const sentence =
      'a topic has fewer replicas than its min.insync.replicas asks for: Kafka before 3.7 refuses all that is written to it'
    logger.warn({ app, topic, replicaCount, minInsyncReplicas }, sentence)
  }
}

/** Tells of topics that fill tables and drop rows by their age or size: a next start would lack these. */
export async function warnOfDroppedRows(
  cluster: Cluster,
  app: string,
  lookups: readonly Topic[],
  logger: Logger,
): Promise<void> {
  for (const { name: topic } of lookups) {
    const [policy, ms, bytes] = await topicConfigs(cluster, topic, 'cleanup.policy', 'retention.ms', 'retention.bytes')
    if (policy?.includes('delete') !== true || (isUnlimited(ms) && isUnlimited(bytes))) continue
    const sentence =
      'a topic that fills a table has cleanup.policy=delete: its rows leave with their records, and a next start lacks them'
    logger.warn({ app, topic, retentionMs: Number(ms), retentionBytes: Number(bytes) }, sentence)
  }
}

const isUnlimited = (limit: string | undefined) => Number(limit ?? -1) < 0
