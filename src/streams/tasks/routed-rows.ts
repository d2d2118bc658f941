/**
 * Routed rows: copies the record of each row to the partition of its merge key.
 *
 * A copy has the key, the value, the headers and the timestamp of its record, byte for byte, and behind its headers
 * `millrace.origins` with the place where that is. It is written in the transaction of the epoch that consumes the record,
 * and whoever reads it reads only what is committed: so a record has one copy, whatever happens to its process.
 * State: none.
 * Cost per record: a hash of its key, a copy of its bytes.
 */
import { partitionForKey } from '../../kafka/index.ts'
import {
  noSide,
  noTimestamp,
  originsHeaderName,
  type OutputBuilder,
  Reason,
  type RecordColumns,
  RecordFrame,
  rowFlags,
  varintLength,
  writeVarint,
} from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'

/** The topic that the records of a source are routed through, and what it takes. */
export interface RoutedTopic {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: TimestampWindow
}

/** The header up to the length of its value. */
const originHeaderStart = Buffer.alloc(1 + originsHeaderName.length)
originHeaderStart.write(originsHeaderName, writeVarint(originHeaderStart, 0, originsHeaderName.length))

/** Bytes that the header takes at most: a partition and an offset as varints, and their length. */
export const originHeaderBytesMax = originHeaderStart.length + 1 + 5 + 9

export class RoutedRows {
  readonly #topics: readonly RoutedTopic[]
  readonly #partitions: Pick<SourcePartitions, 'list'>
  readonly #frame = new RecordFrame()

  /** @param topics - By source. */
  constructor(topics: readonly RoutedTopic[], partitions: Pick<SourcePartitions, 'list'>) {
    this.#topics = topics
    this.#partitions = partitions
  }

  /**
   * Copies the records of rows that have a side, in their order, and makes dead letters of those that the topic does not
   * take.
   *
   * @returns How many rows were taken in: fewer than there are where the epoch has no room for more.
   */
  take(columns: RecordColumns, { emitted }: Pick<EpochCounts, 'emitted'>, roomBytes: number): number {
    const { partition, side, timestamp, count } = columns
    const { out, recordBytesMax, times } = this.#topics[this.#partitions.list[partition]!.source]!
    const { earliestMs, latestMs } = times
    const source = bufferOf(columns.bytes)
    let written = 0
    for (let row = 0; row < count; row++) {
      if (side[row] === noSide) continue
      if (written > 0 && written >= roomBytes) return row
      const time = timestamp[row]!
      if (time !== noTimestamp && (time < earliestMs || time > latestMs)) {
        columns.refuse(row, Reason.MERGE_TIMESTAMP_REFUSED)
        continue
      }
      const bytes = this.#copy(columns, row, source, out, recordBytesMax)
      if (bytes === 0) {
        columns.refuse(row, Reason.MERGE_TOO_LARGE)
        continue
      }
      written += bytes
      emitted[partition]!++
    }
    return count
  }

  /** @returns The bytes of the copy; 0 where the topic does not take so many. */
  #copy(columns: RecordColumns, row: number, source: Buffer, out: OutputBuilder, recordBytesMax: number): number {
    const { flags, keyStart, keyEnd, extra, partition, offset } = columns
    const frame = this.#frame
    frame.read(columns, row)
    const originLength = varintLength(partition) + varintLength(offset[row]!)
    const headersLength =
      varintLength(frame.headerCount + 1) + frame.headersLength + originHeaderStart.length + 1 + originLength
    const { keyStart: recordKeyStart, valueStart } = frame.place
    const [keyLength, valueLength] = [frame.place.keyEnd - recordKeyStart, frame.place.valueEnd - valueStart]
    const length = Math.max(keyLength, 0) + Math.max(valueLength, 0) + headersLength
    if (length > recordBytesMax) return 0
    const keyBytes = (flags[row]! & rowFlags.keyInExtra) === 0 ? source : extra.bytes
    const to = partitionForKey(keyBytes, out.partitionCount, keyStart[row], keyEnd[row])
    const batch = out.begin(to, columns.timestamp[row]!, keyLength, valueLength, headersLength)
    // Views of a piece would be an object for each record.
    const { bytes, buffer } = batch
    let at = copy(source, recordKeyStart, keyLength, buffer, batch.position)
    at = copy(source, valueStart, valueLength, buffer, writeVarint(bytes, at, valueLength))
    at = writeVarint(bytes, at, frame.headerCount + 1)
    at = copy(source, frame.headersStart, frame.headersLength, buffer, at)
    originHeaderStart.copy(buffer, at)
    at = writeVarint(bytes, at + originHeaderStart.length, originLength)
    at = writeVarint(bytes, at, partition)
    batch.position = writeVarint(bytes, at, offset[row]!)
    return length
  }
}

/** @param length - Bytes; -1 for null, which has none. @returns Where the copy ends. */
function copy(from: Buffer, start: number, length: number, to: Buffer, at: number): number {
  return length <= 0 ? at : at + from.copy(to, at, start, start + length)
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
