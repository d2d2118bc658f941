import { errorCode, zeroUuid } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { withRetries } from '../cluster/retry.ts'
import { refusalCode } from '../cluster/broker-error.ts'

export interface NewTopic {
  name: string
  partitionCount: number
  /** @defaultValue the broker's `default.replication.factor` */
  replicationFactor?: number
  /** Topic settings such as `cleanup.policy`. */
  configs?: Record<string, string>
}

const timeoutMs = 30_000

/** Creates topics. Returns the names of those that existed already. */
export async function createTopics(cluster: Cluster, topics: readonly NewTopic[]): Promise<string[]> {
  const existing: string[] = []
  for (const topic of topics) {
    const { name } = topic
    try {
      await cluster.ask(`creating topic "${name}"`, apis.createTopics, creationOf(topic, { validateOnly: false }))
    } catch (error) {
      if (refusalCode(error) !== errorCode.topicAlreadyExists) throw error
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

/** Gives a topic more partitions. */
export async function growTopic(cluster: Cluster, name: string, partitionCount: number): Promise<void> {
  const topics = [{ name, count: partitionCount, assignments: null }]
  await cluster.ask(`growing topic "${name}"`, apis.createPartitions, { topics, timeoutMs, validateOnly: false })
}

/** The request that creates a topic, or only asks whether that could be done. */
export function creationOf(topic: NewTopic, { validateOnly }: { validateOnly: boolean }) {
  const { name, partitionCount: numPartitions, replicationFactor = -1, configs = {} } = topic
  const settings = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
  return {
    topics: [{ name, numPartitions, replicationFactor, assignments: [], configs: settings }],
    timeoutMs,
    validateOnly,
  }
}

/** Deletes topics; one that does not exist is passed over. */
export async function deleteTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const what = `deleting topic "${name}"`
    await withRetries(cluster.retryPolicy, what, async () => {
      try {
        await cluster.askOnce(what, apis.deleteTopics, { topics: [{ name, topicId: zeroUuid }], timeoutMs })
      } catch (error) {
        // That a topic is unknown passes elsewhere, but is an answer here.
        if (refusalCode(error) !== errorCode.unknownTopicOrPartition) throw error
      }
    })
  }
}
