import { sleep } from '../../core/clock.ts'
import { type Cluster, deleteTopics } from '../../kafka/index.ts'
import { findTopic } from './app-checkpoint.ts'

const goneLookMs = 20
const goneLooksMax = 250

/**
 * Deletes topics, and resolves once brokers do not know them any more: they answer before all of them have heard of it,
 * and a start would take the topics for those that it needs.
 */
export async function clearTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  await deleteTopics(cluster, names)
  for (const name of names) {
    for (let looks = 0; looks < goneLooksMax && (await findTopic(cluster, name)) !== undefined; looks++) {
      await sleep(cluster.clock, goneLookMs)
    }
  }
}
