import { KafkaError } from '../../core/errors.ts'
import { listOffsets } from '../admin/list-offsets.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'

/**
 * The error of an offset that is not in the log. Brokers do not say where the log is instead, so that is asked for.
 *
 * @throws MillraceError What the question for that fails with.
 */
export async function offsetLost(
  cluster: Cluster,
  topic: Topic,
  partition: number,
  offset: number,
): Promise<KafkaError> {
  const [starts, ends] = await Promise.all([
    listOffsets(cluster, topic, 'earliest'),
    listOffsets(cluster, topic, 'latest'),
  ])
  const [logStart, logEnd] = [starts[partition]!, ends[partition]!]
  const what = `offset ${offset} is not in the log, which reaches from ${logStart} to ${logEnd}`
  const details = { topic: topic.name, partition, offset, logStart, logEnd }
  return new KafkaError('KAFKA_OFFSET_LOST', `topic "${topic.name}", partition ${partition}: ${what}`, details)
}
