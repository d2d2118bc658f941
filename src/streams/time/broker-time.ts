import { sleep } from '../../core/clock.ts'
import { type Cluster, sendBatches, withRetries } from '../../kafka/index.ts'
import { noHeaders, noTimestamp, recordBatchOf } from '../../kernel/index.ts'
import { clockKey } from '../checkpoint/checkpoint-topic.ts'

/** A topic that was just set so may keep the time of some records more. */
const attemptsMax = 20
const pauseMs = 100

/**
 * Asks what time it is where the checkpoint lies: writes a record that deletes nothing, and reads from the answer when
 * it was appended. The answer is late by its way back, so the time is never ahead of the broker's.
 *
 * @param topic - A checkpoint topic that the broker stamps.
 * @returns Undefined where it does not.
 * @throws KafkaError
 */
export async function brokerTime(cluster: Cluster, topic: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (attempt > 0) await sleep(cluster.clock, pauseMs, cluster.retryPolicy.signal)
    const appendedMs = await withRetries(cluster.retryPolicy, 'asking for the time', () => append(cluster, topic))
    if (appendedMs >= 0) return appendedMs
  }
  return undefined
}

async function append(cluster: Cluster, name: string): Promise<number> {
  const record = { key: Buffer.from(clockKey), value: undefined, ...noHeaders }
  const batch = { partition: 0, bytes: recordBatchOf(0, noTimestamp, record) }
  let appendedMs = -1
  await sendBatches(cluster, await cluster.topicWhenReady(name), [batch], (_bytes, answers) => {
    appendedMs = answers[0]!.appendedMs
  })
  return appendedMs
}
