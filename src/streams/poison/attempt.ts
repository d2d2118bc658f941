import { type Cluster, sendBatches, withRetries } from '../../kafka/index.ts'
import { noHeaders, noTimestamp, recordBatchOf } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { attemptKey, keyIn } from '../checkpoint/checkpoint-topic.ts'
import { corrupt } from '../checkpoint/manifest.ts'

/** Rows of one source partition that are worked on with nothing else on its way. */
export interface Piece {
  readonly partition: number
  /** Offset of the first row, and the one after the last. */
  readonly from: number
  readonly to: number
  readonly rowCount: number
}

/** A piece on which a process died, or may be about to. */
export interface MarkedPiece extends Piece {
  /** How many processes have died on it. */
  readonly deaths: number
  /** Whether a process is at work on it. */
  readonly isUnderWay: boolean
}

/**
 * What a process notes before it does what it may not live to tell. It stands beside the checkpoint, but outside of the
 * epochs: what a process noted must not be rolled back with the epoch that it died in.
 */
export interface Attempt {
  /** The last epoch that had committed; once there is a later one the note means nothing. */
  readonly epoch: number
  /** Processes that started at that epoch and did not end in good order, this one included. */
  readonly starts: number
  readonly piece?: MarkedPiece | undefined
  /** The transactional id of the process; absent where it is that of the program. */
  readonly writer?: string | undefined
}

/**
 * The note that was written last of a task, if there is one.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT`
 */
export function attemptOf(records: CheckpointRecords, task = 0): Attempt | undefined {
  const bytes = records.get(keyIn(task, attemptKey))
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw corrupt(`its record "${attemptKey}" is not JSON`, error)
  }
}

/**
 * Writes a note, or one for each of several tasks, and resolves once they are stored. Needs no transaction, so whoever
 * is not the owner any more disturbs nobody.
 *
 * @param attempts - By task.
 */
export async function writeAttempts(
  cluster: Cluster,
  topic: string,
  attempts: ReadonlyMap<number, Attempt>,
): Promise<void> {
  const batches = Array.from(attempts, ([partition, attempt]) => {
    const record = { key: Buffer.from(attemptKey), value: Buffer.from(JSON.stringify(attempt)), ...noHeaders }
    return { partition, bytes: recordBatchOf(0, noTimestamp, record) }
  })
  await withRetries(cluster.retryPolicy, 'noting a start', async () => {
    await sendBatches(cluster, await cluster.topicWhenReady(topic), batches, () => {})
  })
}
