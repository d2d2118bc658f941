import { systemClock, sleep } from '../core/clock.ts'
import {
  type Cluster,
  createTopics,
  listOffsets,
  readTopic,
  sendBatches,
  type Topic,
  topicRange,
} from '../kafka/index.ts'
import { createVerifier, experimentBatches, type Verification } from './experiment/index.ts'
import type { Output } from './output.ts'
import { startTicker } from './ticker.ts'

export interface Experiment {
  customers: number
  seed: number
}

const experimentPartitions = 12
const recordsPerCustomer = 3

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
  experiment: Experiment,
  output: Output,
): Promise<number> {
  const topic = await createExperimentTopic(cluster, name)
  const total = experiment.customers * recordsPerCustomer
  let bytes = 0
  let records = 0
  const show = () => output.progress('generating', records, total)
  using _ticker = startTicker(show)
  function* counted() {
    for (const batch of experimentBatches({ ...experiment, partitions: topic.partitions.length })) {
      records += batch.recordCount
      yield batch
    }
  }
  await sendBatches(cluster, topic, counted(), (sent) => (bytes += sent))
  show()
  output.endProgress()
  return bytes
}

/** Reads a sink to its end, as a `read_committed` consumer would, and compares each record with what the seed says. */
export async function verifySink(
  cluster: Cluster,
  name: string,
  experiment: Experiment,
  output: Output,
): Promise<Verification> {
  const [topic] = (await cluster.topics([name])) as [Topic]
  const range = await topicRange(cluster, topic)
  const total = sum(range.ends) - sum(range.starts)
  const read = Array.from(range.starts)
  const verifier = createVerifier(experiment)
  const show = () => output.progress('verifying', Math.min(total, sum(read) - sum(range.starts)), total)
  using _ticker = startTicker(show)
  await readTopic(cluster, topic, range, ({ partition, bytes, start, end, nextOffset, aborted }) => {
    verifier.batches(bytes.subarray(start, end), aborted)
    read[partition] = nextOffset
  })
  show()
  output.endProgress()
  return verifier.result()
}

/** Whether a result is exactly what the experiment should give. */
export function isRight(
  { distinct, missing, duplicates, mismatched }: Verification,
  { customers }: Experiment,
): boolean {
  return distinct === customers && missing === 0 && duplicates === 0 && mismatched === 0
}

/**
 * Waits until what a topic holds can be read with `read_committed`, a moment after its transactions were acknowledged;
 * how long that took, in milliseconds. Another program's open transaction is not waited for longer than
 * `readableMsMax`.
 */
export async function untilReadable(cluster: Cluster, topic: Topic): Promise<number> {
  const startMs = systemClock.monotonicMs()
  const ends = await listOffsets(cluster, topic, 'latest', 'read_uncommitted')
  for (;;) {
    const stable = await listOffsets(cluster, topic, 'latest')
    const tookMs = systemClock.monotonicMs() - startMs
    if (stable.every((offset, partition) => offset >= ends[partition]!) || tookMs >= readableMsMax) return tookMs
    await sleep(systemClock, pollMs)
  }
}

const pollMs = 5
const readableMsMax = 5_000

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
