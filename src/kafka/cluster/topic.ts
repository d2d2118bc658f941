import { KafkaError } from '../../core/errors.ts'
import { errorCode, errorName, type metadata, type ResponseOf } from '../../protocol/index.ts'
import { meaningOf, passes } from './error-meaning.ts'
import { topicIdText } from './topic-id.ts'

export interface Topic {
  name: string
  /** UUID in its usual text form. */
  id: string
  partitions: { leader: number; leaderEpoch: number }[]
  /** Of the partition that has the fewest. */
  replicaCount: number
}

/** What this client may do with a topic. */
export interface TopicPermissions {
  /** Whether there is such a topic; false also where it may not be described. */
  readonly exists: boolean
  /** A set bit for each operation that is allowed, by its number. */
  readonly operations: number
}

type DescribedTopic = ResponseOf<typeof metadata>['topics'][number]

/**
 * Reads a topic from what a broker says of it.
 *
 * @param described - Undefined where the broker says nothing of it.
 * @throws KafkaError `KAFKA_TOPIC_MISSING` for one that does not exist, `KAFKA_UNAVAILABLE` while a partition has no
 * leader.
 */
export function topicOf(name: string, described: DescribedTopic | undefined): Topic {
  if (isMissing(described)) {
    throw new KafkaError('KAFKA_TOPIC_MISSING', `topic "${name}" does not exist; create it, or correct its name`, {
      topic: name,
    })
  }
  const bad = [described, ...described.partitions].find((each) => each.errorCode !== errorCode.none)
  if (bad !== undefined) {
    const code = passes(meaningOf(bad.errorCode)) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED'
    throw new KafkaError(code, `topic "${name}": ${errorName(bad.errorCode)}`, { topic: name })
  }
  const partitions = described.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
  return {
    name,
    id: topicIdText(described.topicId),
    partitions: partitions.map(({ leaderId, leaderEpoch }) => ({ leader: leaderId, leaderEpoch })),
    replicaCount: Math.min(...partitions.map(({ replicaNodes }) => replicaNodes.length)),
  }
}

/**
 * Fails where topics do not exist: for all of them at once.
 *
 * @throws KafkaError `KAFKA_TOPIC_MISSING`
 */
export function refuseMissing(names: readonly string[], described: readonly DescribedTopic[]): void {
  const missing = [...new Set(names)].filter((name) => isMissing(described.find((each) => each.name === name)))
  if (missing.length < 2) return
  const quoted = missing.map((name) => `"${name}"`).join(', ')
  throw new KafkaError('KAFKA_TOPIC_MISSING', `topics ${quoted} do not exist; create them, or correct their names`, {
    topic: missing.join(),
  })
}

function isMissing(described: DescribedTopic | undefined): described is undefined {
  return described === undefined || described.errorCode === errorCode.unknownTopicOrPartition
}

/** Reads what this client may do with a topic. One that it may not even describe does not exist for it. */
export function permissionsOf(described: DescribedTopic | undefined): TopicPermissions {
  if (described === undefined || described.errorCode === errorCode.topicAuthorizationFailed)
    return { exists: false, operations: 0 }
  const exists = described.errorCode !== errorCode.unknownTopicOrPartition
  return { exists, operations: described.topicAuthorizedOperations }
}
