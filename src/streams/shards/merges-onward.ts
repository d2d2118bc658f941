import { blankRecord, ByteCursor, type HandedRecord, type PendingRow, PUBLISHED } from '../../kernel/index.ts'
import { storedRecord } from '../merged/stored-record.ts'
import type { MergedNames } from '../topology/merged-names.ts'
import { CrossingBytes } from './crossing-bytes.ts'
import type { TracedInShard } from './traced-in-shard.ts'

/**
 * Merges that a shard hands on to the main thread, where functions, sinks and whatever else comes after them is. For the
 * shard they are published; the main thread corrects that where it turns out otherwise.
 *
 * State: the records that were not handed on yet, as bytes.
 */
export class MergesOnward {
  readonly #names: MergedNames
  readonly #traced: Pick<TracedInShard, 'takeBegun'>
  readonly #bytes = new CrossingBytes()

  /** @param traced - What is told of a merge before it is handed on, which goes with it. */
  constructor(names: MergedNames, traced: Pick<TracedInShard, 'takeBegun'>) {
    this.#names = names
    this.#traced = traced
  }

  /** A row of which all parts are in the table. */
  publishStored(row: PendingRow): number {
    return this.#append(storedRecord(this.#names, row), true)
  }

  /** A record whose last part is in no table. */
  publish(record: HandedRecord): number {
    return this.#append(record, false)
  }

  /** Those since this was last asked: bytes of their own. */
  take(): Uint8Array {
    return this.#bytes.take()
  }

  #append(record: HandedRecord, isStored: boolean): number {
    const { keyStart, valueStart, headersStart, carriedStart, end, greatestMs, leastMs, partition, offset } = record
    const bytes = this.#bytes
    bytes.appendNumber(valueStart - keyStart)
    bytes.appendNumber(headersStart - valueStart)
    bytes.appendNumber(carriedStart - headersStart)
    bytes.appendNumber(end - carriedStart)
    bytes.appendNumber(greatestMs)
    bytes.appendNumber(leastMs)
    bytes.appendNumber(partition)
    bytes.appendNumber(offset)
    bytes.appendNumber(Number(isStored))
    bytes.appendSized(this.#traced.takeBegun())
    bytes.append(record.bytes.subarray(keyStart, end))
    return PUBLISHED
  }
}

/** A merge that a shard has handed on. */
export interface OnwardMerge extends HandedRecord {
  /** Whether the part that has completed it was in the table, as all others. */
  isStored: boolean
  /** The same merge as it is told where the trace of a part is followed, as `readTracedMerges` reads it. */
  traced: Uint8Array | undefined
}

/** Visits merges that `MergesOnward` has made bytes of, in their order; each is valid until the visit returns. */
export function forEachMerge(handedOn: Uint8Array, visit: (merge: OnwardMerge) => void): void {
  const bytes = Buffer.from(handedOn.buffer, handedOn.byteOffset, handedOn.length)
  const cursor = new ByteCursor(bytes)
  const merge: OnwardMerge = { ...blankRecord(), bytes, isStored: false, traced: undefined }
  while (!cursor.isAtEnd) {
    const [keyLength, valueLength, headersLength, carriedLength] = [
      cursor.varint(),
      cursor.varint(),
      cursor.varint(),
      cursor.varint(),
    ]
    merge.greatestMs = cursor.varint()
    merge.leastMs = cursor.varint()
    merge.partition = cursor.varint()
    merge.offset = cursor.varint()
    merge.isStored = cursor.varint() === 1
    merge.traced = cursor.sized()
    merge.keyStart = cursor.at
    merge.valueStart = merge.keyStart + keyLength
    merge.headersStart = merge.valueStart + valueLength
    merge.carriedStart = merge.headersStart + headersLength
    merge.end = merge.carriedStart + carriedLength
    cursor.take(merge.end - merge.keyStart)
    visit(merge)
  }
}
