import { type ErrorCode, errorCode } from '../protocol/index.ts'
import { type BatchCodec, codecs } from './batch-codec.ts'
import { batchHeader } from './batch.ts'
import { checkRecords, type RecordFault } from './record-check.ts'
import { recompressed } from './rewritten-batch.ts'
import type { TopicConfig } from './topic-config.ts'
import type { Topic } from './topics.ts'

/** What a producer is told of a batch that is not taken. */
export interface RefusedBatch {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
  readonly recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[]
}

/**
 * Makes of a batch, whose header is right, what the log of a topic keeps of it, or says why it is refused: looks at its
 * records, states their times as the topic has them, and compresses them by the topic's codec. The batch itself is
 * changed.
 */
export function prepareBatch(
  batch: Buffer,
  { topic, index, nowMs, codec }: { topic: Topic; index: number; nowMs: number; codec: BatchCodec },
): Buffer | RefusedBatch {
  const { config } = topic
  const body = codec.open(batch)
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
  const wanted = codecOf(config) ?? batchHeader.compression(batch, 0)
  if (wanted === batchHeader.compression(batch, 0)) return batch
  const made = recompressed(batch, wanted, codec.compress(wanted, body, levelOf(config, wanted)))
  return made.length > config.number('max.message.bytes') ? refuse(errorCode.messageTooLarge) : made
}

const codecNames: ReadonlyMap<string, number> = new Map([...Object.entries(codecs), ['uncompressed', codecs.none]])

/** The codec that a topic has of its own; `undefined` where it keeps the producer's. */
export function codecOf(config: TopicConfig): number | undefined {
  return codecNames.get(config.get('compression.type'))
}

function levelOf(config: TopicConfig, codec: number): number | undefined {
  if (codec === codecs.gzip) return config.number('compression.gzip.level')
  return codec === codecs.zstd ? config.number('compression.zstd.level') : undefined
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
