import {
  ConfigResourceTypes,
  createTopicsV7,
  deleteTopicsV6,
  describeConfigsV4,
  IncrementalAlterConfigOperationTypes,
  incrementalAlterConfigsV1,
  listOffsetsV7,
} from '@platformatic/kafka'
import { KafkaError } from '../core/errors.ts'
import { asKafkaError, brokerErrors, refusal } from './broker-error.ts'
import type { Cluster, Topic } from './cluster.ts'
import { withRetries } from './retry.ts'

export interface NewTopic {
  name: string
  partitionCount: number
  /** @defaultValue the broker's `default.replication.factor` */
  replicationFactor?: number
  /** Topic settings such as `cleanup.policy`. */
  configs?: Record<string, string>
}

const requestTimeoutMs = 30_000

/** Creates topics. Returns the names of those that existed already. */
export async function createTopics(cluster: Cluster, topics: readonly NewTopic[]): Promise<string[]> {
  const existing: string[] = []
  for (const { name, partitionCount, replicationFactor = -1, configs = {} } of topics) {
    const settings = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const topic = { name, numPartitions: partitionCount, replicationFactor, assignments: [], configs: settings }
    try {
      await cluster.request(`creating topic "${name}"`, createTopicsV7.api, [topic], requestTimeoutMs, false)
    } catch (error) {
      if (!isBrokerError(error, 'TOPIC_ALREADY_EXISTS')) throw error
      existing.push(name)
    }
  }
  return existing
}

/** Creates those of some topics that do not exist; whoever may not create topics can so have made them before. */
export async function createMissingTopics(cluster: Cluster, topics: readonly NewTopic[]): Promise<void> {
  const existing = await cluster.topicPermissions(topics.map(({ name }) => name))
  await createTopics(
    cluster,
    topics.filter(({ name }) => !existing.get(name)!.exists),
  )
}

/** Deletes topics; one that does not exist is passed over. */
export async function deleteTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await withRetries(cluster.retryPolicy, `deleting topic "${name}"`, async () => {
      try {
        await cluster.requestOnce(`deleting topic "${name}"`, deleteTopicsV6.api, [{ name }], requestTimeoutMs)
      } catch (error) {
        // That a topic is unknown passes elsewhere, but is an answer here.
        if (!isBrokerError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
      }
    })
  }
}

/** Which end of a partition `listOffsets` asks for. */
export const logEnds = { earliest: -2n, latest: -1n } as const

/** The first record that is not older, in milliseconds since 1970; where there is none, the end of the partition. */
export interface OffsetByTime {
  readonly timestampMs: number
}

/**
 * First or next offset of each partition of a topic, or of a time. Partitions that it was given since it was read are not asked for.
 *
 * @param isolation - With `read_committed`, latest is the last stable offset.
 */
export function listOffsets(
  cluster: Cluster,
  topic: Topic,
  place: keyof typeof logEnds | OffsetByTime,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<number[]> {
  return withRetries(cluster.retryPolicy, `reading the offsets of topic "${topic.name}"`, async () => {
    const [current] = await cluster.topicsOnce([topic.name])
    const offsets: number[] = Array.from({ length: topic.partitions.length }, () => 0)
    for (const [leader, led] of byLeader(current!)) {
      const partitions = led.filter((partition) => partition < topic.partitions.length)
      if (partitions.length === 0) continue
      const connection = await cluster.connection(leader, 'admin')
      const asked = partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        timestamp: typeof place === 'string' ? logEnds[place] : BigInt(Math.trunc(place.timestampMs)),
      }))
      try {
        const level = isolation === 'read_committed' ? 1 : 0
        const response = await connection.call(listOffsetsV7.api, -1, level, [{ name: topic.name, partitions: asked }])
        for (const { partitionIndex, offset } of response.topics[0]!.partitions)
          offsets[partitionIndex] = offset < 0n ? Infinity : Number(offset)
      } catch (error) {
        throw asKafkaError(error, `reading the offsets of topic "${topic.name}"`)
      }
    }
    return offsets
  })
}

/** Settings of a topic as the broker has them, in the order of their names; undefined for one that it does not know. */
export async function topicConfigs(
  cluster: Cluster,
  topic: string,
  ...names: string[]
): Promise<(string | undefined)[]> {
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: names }
  const what = `reading the settings of topic "${topic}"`
  const response = await cluster.request(what, describeConfigsV4.api, [resource], false, false)
  const result = response.results[0]!
  if (result.errorCode !== brokerErrors.none) throw refusal(result.errorCode, what, { topic })
  return names.map((name) => result.configs.find((config) => config.name === name)?.value ?? undefined)
}

/** Gives settings of a topic these values; all else stays as it is. */
export async function setTopicConfigs(
  cluster: Cluster,
  topic: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const configOperation = IncrementalAlterConfigOperationTypes.SET
  const configs = Object.entries(values).map(([name, value]) => ({ name, configOperation, value }))
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }
  await cluster.request(`changing the settings of topic "${topic}"`, incrementalAlterConfigsV1.api, [resource], false)
}

/** Partitions of a topic by the broker that leads them. */
export function byLeader(topic: Topic): Map<number, number[]> {
  const leaders = new Map<number, number[]>()
  topic.partitions.forEach(({ leader }, partition) => {
    const led = leaders.get(leader)
    if (led === undefined) leaders.set(leader, [partition])
    else led.push(partition)
  })
  return leaders
}

function isBrokerError(error: unknown, name: string): boolean {
  return error instanceof KafkaError && error.details['brokerError'] === name
}
