import { type Cluster, createTopics, sendBatches, type Topic } from '../../kafka/index.ts'
import type { Output } from '../output.ts'
import { startTicker } from '../ticker.ts'
import { type Experiment, experimentBatches, recordsPerCustomer } from './records/index.ts'

const experimentPartitions = 12

/**
 * Creates a topic of the experiment where it does not exist. Its records are stamped with a fixed time, long ago, and
 * so would be past retention from the start.
 */
export async function createExperimentTopic(cluster: Cluster, name: string): Promise<Topic> {
  await createTopics(cluster, [{ name, partitionCount: experimentPartitions, configs: { 'retention.ms': '-1' } }])
  return cluster.topicWhenReady(name)
}

/** Writes the experiment's records to a topic, which is created where it does not exist. Returns their bytes. */
export async function generateSource(
  cluster: Cluster,
  name: string,
  { customers, seed }: Experiment,
  output: Output,
): Promise<number> {
  const topic = await createExperimentTopic(cluster, name)
  const total = customers * recordsPerCustomer
  let bytes = 0
  let records = 0
  const show = () => output.progress('generating', records, total)
  using _ticker = startTicker(show)
  function* counted() {
    for (const batch of experimentBatches({ customers, seed, partitions: topic.partitions.length })) {
      records += batch.recordCount
      yield batch
    }
  }
  await sendBatches(cluster, topic, counted(), (sent) => (bytes += sent))
  show()
  output.endProgress()
  return bytes
}
