import { partitionForKey } from '../../kafka/index.ts'
import {
  contentBytes,
  encodeHeader,
  type OutputBuilder,
  type PendingRow,
  Reason,
  writePlainRecord,
} from '../../kernel/index.ts'
import type { DeadLetterEncoder } from '../dead-letters/dead-letter.ts'
import { type MergedNames, mergedNames } from '../topology/merged-names.ts'
import type { Plan } from '../topology/plan.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'
import { partialRecord, timestampOf } from './partial-record.ts'

/** Names the sides that a row lacks, as a list of names in JSON. */
const missingHeaderName = 'millrace.missing'

/** A topic for expired rows, and what it takes. */
export interface ExpiredSink {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: TimestampWindow
}

/**
 * Writes what has come of a merged record: `{"<key name>":<key>,"<side>":<part>,…}` with the sides that are there, in
 * declared order, the key in the spelling of the first of them. It goes to the sink of expired rows that lack these
 * sides, keyed and partitioned as a merged record would be; without one, or where that one does not take its size or
 * its timestamp, to the dead letters. Its timestamp is the greatest of its parts', and it has the header
 * `millrace.origins`, as merged records do, and `millrace.missing`. A dead letter says whether its row has expired or was evicted,
 * because the table was full.
 */
export class ExpiredRowEncoder {
  readonly #names: MergedNames
  readonly #sideNames: readonly string[]
  readonly #sinkOf: (missing: readonly string[]) => ExpiredSink | undefined
  readonly #deadLetters: DeadLetterEncoder
  /** Rows of this time and before have expired; those after it leave because the table is full. */
  expiredMs = Infinity

  /** @param sinkOf - Where a row goes that lacks these sides. */
  constructor(
    plan: Pick<Plan, 'correlate' | 'sides'>,
    sinkOf: (missing: readonly string[]) => ExpiredSink | undefined,
    deadLetters: DeadLetterEncoder,
  ) {
    this.#names = mergedNames(plan)
    this.#sideNames = plan.sides.map(({ name }) => name)
    this.#sinkOf = sinkOf
    this.#deadLetters = deadLetters
  }

  encode(row: PendingRow): void {
    const plain = partialRecord(this.#names, row, false)
    const timestamp = timestampOf(row)
    const missing = this.#missingOf(row)
    const headers = [plain.headers, encodeHeader(missingHeaderName, Buffer.from(JSON.stringify(missing)))]
    const record = { ...plain, headerCount: plain.headerCount + 1, headers: Buffer.concat(headers) }
    const sink = this.#sinkOf(missing)
    if (sink === undefined || contentBytes(record) > sink.recordBytesMax || !sink.times.takes(timestamp)) {
      const hasExpired = row.parts.some((part) => part.timestamp <= this.expiredMs)
      const reason = hasExpired ? Reason.EXPIRED : Reason.EVICTED
      return this.#deadLetters.encodeRow(record, plain, reason, row.parts, timestamp)
    }
    writePlainRecord(sink.out, partitionForKey(row.key, sink.out.partitionCount), timestamp, record)
  }

  /** The sides that have not come; where all have, the lists, of which one is not full. */
  #missingOf({ parts }: PendingRow): string[] {
    const absent = this.#sideNames.filter((_, side) => !parts.some((part) => part.side === side))
    return absent.length > 0 ? absent : this.#sideNames.filter((_, side) => this.#names.isList[side])
  }
}
