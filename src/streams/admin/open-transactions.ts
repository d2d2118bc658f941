import { type Cluster, topicRange, TransactionalProducer } from '../../kafka/index.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { asNobody } from '../recovery/fence.ts'
import { lastWriters } from '../recovery/last-writers.ts'
import { findVisibleTopic } from './app-checkpoint.ts'

/** Ends what is open of a transactional id. @defaultValue that of the program */
export async function endTransaction(cluster: Cluster, app: string, transactionalId = app): Promise<void> {
  const producer = new TransactionalProducer({
    cluster,
    topics: [],
    transactionalId,
    transactionTimeoutMs: 60_000,
    group: app,
    // Nobody is the owner: the group has no members, and the broker refuses to delete it if it gets one meanwhile.
    member: asNobody,
    onFailed() {},
  })
  await producer.begin()
  producer.stop()
}

/**
 * Ends what is open of all members of a program that share its tasks, none of which works. Each has a transaction of its
 * own, and what one noted may lie behind that of another.
 *
 * @param checkpointTopic - Of the tasks; nothing is open where it is not there.
 */
export async function endTransactionsOfTasks(cluster: Cluster, app: string, checkpointTopic: string): Promise<void> {
  const topic = await findVisibleTopic(cluster, checkpointTopic)
  if (topic === undefined) return
  const checkpoint = new CheckpointView({ keepsTables: false })
  const ended = new Set<string>()
  for (;;) {
    await checkpoint.readOn(cluster, topic, await topicRange(cluster, topic, 'read_committed'))
    const writers = lastWriters(checkpoint.records, topic.partitions.keys()).difference(ended)
    if (writers.size === 0) return
    for (const writer of writers) {
      await endTransaction(cluster, app, writer)
      ended.add(writer)
    }
  }
}
