import { batchHeader } from './batch.ts'
import { errorCode, type ErrorCode } from './error-code.ts'
import { checkRecords, type RecordFault } from './record-check.ts'
import type { BatchOpener } from './records.ts'
import type { Topic } from './topics.ts'

/** What a producer is told of a batch that is not taken. */
export interface RefusedBatch {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
  readonly recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[]
}

/**
 * Makes of a batch, whose header is right, what the log of a topic keeps of it, or says why it is refused: looks at its
 * records and states their times as the topic has them.
 */
export function prepareBatch(
  batch: Buffer,
  { topic, index, nowMs, open }: { topic: Topic; index: number; nowMs: number; open: BatchOpener },
): RefusedBatch | undefined {
  const { config } = topic
  const body = open(batch)
  if (body === undefined) return refuse(errorCode.unknownServerError)
  const { isLogAppendTime } = config
  const checked = checkRecords(batch, body, {
    partition: `${topic.name}-${index}`,
    needsKeys: config.isCompacted,
    isLogAppendTime,
    earliestMs: nowMs - config.number('message.timestamp.before.max.ms'),
    latestMs: nowMs + config.number('message.timestamp.after.max.ms'),
  })
  if (checked === undefined) return refuse(errorCode.invalidRecord)
  const [first] = checked.faults
  if (first !== undefined) return refuseRecords(first, checked.faults)
  batchHeader.stampTime(batch, isLogAppendTime ? nowMs : checked.maxTimestamp, isLogAppendTime)
  return undefined
}

function refuse(error: ErrorCode): RefusedBatch {
  return { errorCode: error, errorMessage: null, recordErrors: [] }
}

/** The first fault decides what the batch is refused for. */
function refuseRecords(first: RecordFault, faults: readonly RecordFault[]): RefusedBatch {
  const isTimestamp = first.kind === 'timestamp'
  return {
    errorCode: isTimestamp ? errorCode.invalidTimestamp : errorCode.invalidRecord,
    errorMessage: `One or more records have been rejected${isTimestamp ? ' due to invalid timestamp' : ''}`,
    recordErrors: faults.map(({ index, message }) => ({ batchIndex: index, batchIndexErrorMessage: message })),
  }
}
