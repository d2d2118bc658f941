import { batchHeader } from './batch.ts'
import { VarintReader } from './varint-reader.ts'

/** What a topic wants of the records that are written to it. */
export interface RecordRules {
  /** Named in what is said of a record. */
  readonly partition: string
  readonly needsKeys: boolean
  /** Whether records get the time of their arrival, so that it does not matter when their producer made them. */
  readonly isLogAppendTime: boolean
  readonly earliestMs: number
  readonly latestMs: number
}

/** What is wrong with one record; `index` counts from the first of its batch. */
export interface RecordFault {
  readonly kind: 'timestamp' | 'key'
  readonly index: number
  readonly message: string
}

export interface CheckedRecords {
  readonly faults: readonly RecordFault[]
  /** -1 where no record has a timestamp. */
  readonly maxTimestamp: number
}

/** What stands for no timestamp at all, which is always allowed. */
const noTimestamp = -1

/**
 * Looks at every record of a produced batch, given the bytes that were found in it. Returns `undefined` where those are
 * not as many records as the batch says.
 *
 * @see Kafka's LogValidator, whose rules these are
 */
export function checkRecords(batch: Buffer, body: Buffer, rules: RecordRules): CheckedRecords | undefined {
  const { needsKeys, isLogAppendTime, earliestMs, latestMs } = rules
  const isStamped = batchHeader.isLogAppendTime(batch, 0)
  const baseTimestamp = batchHeader.baseTimestamp(batch, 0)
  const recordCount = batchHeader.recordCount(batch, 0)
  const faults: RecordFault[] = []
  let maxTimestamp = noTimestamp
  const varints = new VarintReader(body)
  for (let index = 0; index < recordCount; index++) {
    const length = varints.next()
    const end = varints.position + length
    if (length <= 0 || end > body.length) return undefined
    varints.skip(1)
    const timestamp = baseTimestamp + varints.next()
    varints.next()
    const keyLength = varints.next()
    varints.skip(keyLength)
    varints.skip(varints.next())
    skipHeaders(varints, end)
    if (varints.position !== end) return undefined

    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    if (needsKeys && keyLength < 0) faults.push(keyFault(index, rules))
    else if (isLogAppendTime) {
      if (isStamped) faults.push(stampFault(index))
    } else if ((timestamp < earliestMs || timestamp > latestMs) && timestamp !== noTimestamp) {
      faults.push(timestampFault(index, timestamp, rules))
    }
  }
  return varints.position === body.length ? { faults, maxTimestamp } : undefined
}

function skipHeaders(varints: VarintReader, end: number): void {
  for (let left = varints.next(); left > 0 && varints.position < end; left--) {
    varints.skip(varints.next())
    varints.skip(varints.next())
  }
}

function keyFault(index: number, { partition }: RecordRules): RecordFault {
  const message = `Compacted topic cannot accept message without key in topic partition ${partition}`
  return { kind: 'key', index, message }
}

function stampFault(index: number): RecordFault {
  const message = 'Invalid timestamp type in message. Producer should not set timestamp type to LogAppendTime.'
  return { kind: 'timestamp', index, message }
}

function timestampFault(index: number, timestamp: number, { earliestMs, latestMs }: RecordRules): RecordFault {
  const range = `The timestamp should be within [${BigInt(earliestMs)}, ${BigInt(latestMs)}]`
  const message = `Timestamp ${timestamp} of message with offset ${index} is out of range. ${range}`
  return { kind: 'timestamp', index, message }
}
