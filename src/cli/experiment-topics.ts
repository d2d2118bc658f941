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
 * Creates a topic of the experiment where it does not exist. Its records are stamped with a fixed time, long ago, and so
 * would be past retention from the start.
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
  return verifier.result()
}

/** Whether a result is exactly what the experiment should give. */
export function isRight(
  { distinct, missing, duplicates, mismatched }: Verification,
  { customers }: Experiment,
): boolean {
  return distinct === customers && missing === 0 && duplicates === 0 && mismatched === 0
}

/** Watches when the last record of a sink became readable, by asking for the end of its log. */
export class SinkWatch implements AsyncDisposable {
  /** Of the clock's monotonic kind. */
  lastReadableMs = 0
  readonly #stop = new AbortController()
  readonly #watching: Promise<void>

  constructor(cluster: Cluster, topic: Topic) {
    this.#watching = this.#watch(cluster, topic)
    // Told by `stop`, where the run has come to its end.
    this.#watching.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#watching
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {})
  }

  async #watch(cluster: Cluster, topic: Topic): Promise<void> {
    let end = -1
    for (let isLast = false; ;) {
      const now = sum(await listOffsets(cluster, topic, 'latest'))
      if (now !== end) this.lastReadableMs = systemClock.monotonicMs()
      end = now
      if (isLast) return
      await sleep(systemClock, pollMs, this.#stop.signal).catch(() => {})
      // Once more after the end of the run, which may have come since the last look.
      isLast = this.#stop.signal.aborted
    }
  }
}

const pollMs = 20

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
