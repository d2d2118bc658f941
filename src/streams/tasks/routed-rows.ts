/**
 * Routed rows: writes the part of each row to the partition of its merge key.
 *
 * A part is written once, in the transaction of the epoch that consumes its record, and whoever reads it reads only what
 * is committed: so there is one of each, whatever happens to a process.
 * State: none of its own.
 * Cost per record: a look for headers, and what the kernel does to write a part.
 */
import {
  encodeHeader,
  headersWithout,
  noSide,
  type PartRoutes,
  type RecordColumns,
  RecordFrame,
  type RoutedTopic,
  writeVarint,
} from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import { letterHeader } from '../redrive/letter-header.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { encodeRecordPlace, recordHeader } from './record-header.ts'

/** The headers that each part has beside those of its record. */
const ownHeaders = 2
const varintBytesMax = 5

export class RoutedRows {
  readonly #routes: PartRoutes
  readonly #partitions: Pick<SourcePartitions, 'sourceOf'>
  readonly #frame = new RecordFrame()
  readonly #headerCount = Buffer.alloc(varintBytesMax)

  /** @param topics - By source. */
  constructor(
    routes: PartRoutes,
    topics: readonly RoutedTopic[],
    sideNames: readonly string[],
    partitions: Pick<SourcePartitions, 'sourceOf'>,
  ) {
    this.#routes = routes
    this.#partitions = partitions
    routes.publishTo(topics, sideNames)
  }

  /**
   * Writes the parts of rows that have a side, in their order, and makes dead letters of those that the topic does not
   * take.
   *
   * @returns How many rows were taken in: fewer than there are where the epoch has no room for more.
   * @throws MillraceError `TABLE_FULL` where there is no memory for a part.
   */
  take(columns: RecordColumns, { emitted }: Pick<EpochCounts, 'emitted'>, roomBytes: number): number {
    const { partition, side } = columns
    this.#carryHeaders(columns)
    const taken = this.#routes.take(columns, this.#partitions.sourceOf(partition), roomBytes)
    for (let row = 0; row < taken; row++) if (side[row] !== noSide) emitted[columns.numberOf(row)]!++
    return taken
  }

  /** Has rows carry the headers of their records, whoever may look at them where they are read. */
  #carryHeaders(columns: RecordColumns): void {
    const { count, side, valueEnd, recordEnd, carriedStart, carriedEnd, bytes, origins } = columns
    const frame = this.#frame
    for (let row = 0; row < count; row++) {
      carriedStart[row] = 0
      carriedEnd[row] = 0
      // Their number alone: there are none.
      if (side[row] === noSide || recordEnd[row]! - valueEnd[row]! === 1) continue
      if (origins !== undefined) {
        this.#carryRedriven(columns, row)
        continue
      }
      frame.read(columns, row)
      if (frame.headerCount === 0) continue
      const headers = bytes.subarray(frame.headersStart, frame.headersStart + frame.headersLength)
      this.#carry(columns, row, frame.headerCount, headers)
    }
  }

  /** Of one that was redriven, the place in its source stands in place of what it has got for that. */
  #carryRedriven(columns: RecordColumns, row: number): void {
    const letter = columns.origins!.get(columns.offset[row]!)
    const { headerCount, headers } = headersWithout(columns, row, letterHeader)
    if (letter === undefined) return this.#carry(columns, row, headerCount, headers)
    const place = encodeHeader(recordHeader, encodeRecordPlace(letter))
    this.#carry(columns, row, headerCount + 1, Buffer.concat([headers, place]))
  }

  #carry({ extra, carriedStart, carriedEnd }: RecordColumns, row: number, count: number, headers: Uint8Array): void {
    const from = extra.append(this.#headerCount.subarray(0, writeVarint(this.#headerCount, 0, count + ownHeaders)))
    extra.append(headers)
    carriedStart[row] = from
    carriedEnd[row] = extra.length
  }
}
