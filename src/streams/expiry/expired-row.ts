import { partitionForKey } from '../../kafka/index.ts'
import { contentBytes, type OutputBuilder, type PendingRow, Reason, writePlainRecord } from '../../kernel/index.ts'
import type { DeadLetterEncoder } from '../dead-letters/dead-letter.ts'
import { type MergedNames, mergedNames } from '../topology/merged-names.ts'
import type { Plan } from '../topology/plan.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'
import { partialRecord, timestampOf } from './partial-record.ts'

/** A topic for expired rows, and what it takes. */
interface ExpiredSink {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: TimestampWindow
}

/**
 * Writes what has come of a merged record: `{"<key name>":<key>,"<side>":<part>,…}` with the sides that are there, in
 * declared order, the key in the spelling of the first of them. It goes to the sink of expired rows, keyed and
 * partitioned as a merged record would be; without one, or where that one does not take its size or its timestamp, to
 * the dead letters. Its timestamp is the greatest of its parts', and it has the header `millrace.origins`, as merged
 * records do. A dead letter says whether its row has expired or was evicted, because the table was full.
 */
export class ExpiredRowEncoder {
  readonly #names: MergedNames
  readonly #sink: ExpiredSink | undefined
  readonly #deadLetters: DeadLetterEncoder
  /** Rows of this time and before have expired; those after it leave because the table is full. */
  expiredMs = Infinity

  constructor(plan: Pick<Plan, 'correlate' | 'sides'>, sink: ExpiredSink | undefined, deadLetters: DeadLetterEncoder) {
    this.#names = mergedNames(plan)
    this.#sink = sink
    this.#deadLetters = deadLetters
  }

  encode(row: PendingRow): void {
    const record = partialRecord(this.#names, row, false)
    const timestamp = timestampOf(row)
    const sink = this.#sink
    if (sink === undefined || contentBytes(record) > sink.recordBytesMax || !sink.times.takes(timestamp)) {
      const hasExpired = row.parts.some((part) => part.timestamp <= this.expiredMs)
      const reason = hasExpired ? Reason.EXPIRED : Reason.EVICTED
      return this.#deadLetters.encodeRow(record, reason, row.parts[0]!, timestamp)
    }
    writePlainRecord(sink.out, partitionForKey(row.key, sink.out.partitionCount), timestamp, record)
  }
}
