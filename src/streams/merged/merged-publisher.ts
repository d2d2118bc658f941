import { partitionForKey } from '../../kafka/index.ts'
import {
  type HandedRecord,
  noTimestamp,
  type OutputBuilder,
  PUBLISHED,
  Reason,
  type PendingRow,
  varintLength,
  writeVarint,
} from '../../kernel/index.ts'
import { partialRecord, timestampsOf } from '../expiry/partial-record.ts'
import type { MergedNames } from '../topology/merged-names.ts'
import type { MergedFunctions } from './merged-functions.ts'

export interface MergedSink {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
}

/**
 * Publishes merged records that the table does not write by itself: those that lack sides or have lists, and all of
 * a program that has functions after the merge. They look as the table's do, but for what the functions make of them.
 *
 * State: none but what a record of one call becomes. Outcomes are those of the kernel: published, left out, or the
 * dead-letter code of the parts.
 */
export class MergedPublisher {
  readonly #names: MergedNames
  readonly #sink: MergedSink
  readonly #functions: MergedFunctions | undefined
  #earliestMs = -Infinity
  #latestMs = Infinity

  constructor(names: MergedNames, sink: MergedSink, functions: MergedFunctions | undefined) {
    this.#names = names
    this.#sink = sink
    this.#functions = functions
  }

  /** Sets which timestamps the sink takes for now. */
  takeTimes(earliestMs: number, latestMs: number): void {
    this.#earliestMs = earliestMs
    this.#latestMs = latestMs
  }

  /** Publishes a row that lacks sides, or has lists. */
  publishStored(row: PendingRow): number {
    const { key, value, headers } = partialRecord(this.#names, row, true)
    const [{ partition, offset }] = row.parts as [PendingRow['parts'][number]]
    const headersStart = key!.length + value!.length
    return this.publish({
      bytes: Buffer.concat([key!, value!, oneHeader, headers]),
      keyStart: 0,
      valueStart: key!.length,
      headersStart,
      end: headersStart + oneHeader.length + headers.length,
      ...timestampsOf(row),
      partition,
      offset,
    })
  }

  publish(record: HandedRecord): number {
    const outcome = this.#functions?.apply(record) ?? PUBLISHED
    return outcome === PUBLISHED ? this.#write(record, this.#functions?.made) : outcome
  }

  #write(
    { bytes, keyStart, valueStart, headersStart, end, greatestMs }: HandedRecord,
    made: string | null | undefined,
  ): number {
    const { out, recordBytesMax } = this.#sink
    const keyLength = valueStart - keyStart
    const headersLength = end - headersStart
    const valueLength = made === undefined ? headersStart - valueStart : made === null ? -1 : Buffer.byteLength(made)
    if (keyLength + Math.max(valueLength, 0) + headersLength > recordBytesMax) return Reason.MERGE_TOO_LARGE
    if (greatestMs !== noTimestamp && (greatestMs < this.#earliestMs || greatestMs > this.#latestMs)) {
      return Reason.MERGE_TIMESTAMP_REFUSED
    }
    const partition = partitionForKey(bytes.subarray(keyStart, valueStart), out.partitionCount)
    const batch = out.begin(partition, greatestMs, keyLength, valueLength, headersLength)
    const { buffer } = batch
    let at = batch.position
    at += bytes.copy(buffer, at, keyStart, valueStart)
    at = writeVarint(buffer, at, valueLength)
    if (typeof made === 'string') at += buffer.write(made, at)
    else if (made === undefined) at += bytes.copy(buffer, at, valueStart, headersStart)
    at += bytes.copy(buffer, at, headersStart, end)
    batch.position = at
    return PUBLISHED
  }
}

/** How headers begin of which there is one. */
const oneHeader = Buffer.alloc(varintLength(1))
writeVarint(oneHeader, 0, 1)
