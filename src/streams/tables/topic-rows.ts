import { isUtf8 } from 'node:buffer'
import { StateError } from '../../core/errors.ts'
import { plainRecord, type RecordColumns, rowKeyBytesMax } from '../../kernel/index.ts'
import { bytes, type Codec, type TableSnapshot } from '../../state/index.ts'
import type { LookupTable } from '../topology/table.ts'
import { KeptRows } from './kept-rows.ts'
import { encoded } from './kept-table.ts'

/** A record that is no row of its table: where it is, and what is wrong with it. */
export interface BadRow {
  readonly partition: number
  readonly offset: number
  readonly error: unknown
}

/**
 * The rows of a table that a topic fills: what the last record of each key says.
 *
 * A record that is no row has none from then on, also where its key had one: compaction may remove any record before the
 * last one of its key, so a process that starts then would find no other row, and all processes are to find the same.
 */
export class TopicRows {
  readonly declaration: LookupTable
  readonly #rows: KeptRows
  #badCount = 0

  constructor(declaration: LookupTable) {
    const { name, bytesMax } = declaration
    this.declaration = declaration
    this.#rows = new KeptRows({ name, bytesMax })
  }

  get size(): number {
    return this.#rows.size
  }

  get usedBytes(): number {
    return this.#rows.usedBytes
  }

  /** Records that were no rows, since this process began. */
  get badCount(): number {
    return this.#badCount
  }

  get(name: string): Uint8Array | undefined {
    return this.#rows.get(name)
  }

  /** The rows as they are, whatever comes later. */
  snapshot(): TableSnapshot<string, Uint8Array> {
    return this.#rows.snapshot()
  }

  /**
   * Takes in records of the topic.
   *
   * @returns The first of them that is no row, if there is one.
   * @throws StateError `STATE_BYTES_EXCEEDED`
   */
  take(columns: RecordColumns): BadRow | undefined {
    let bad: BadRow | undefined
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      const error = this.put(key, value)
      if (error === undefined) continue
      bad ??= { partition: columns.partition, offset: columns.offset[row]!, error }
    }
    return bad
  }

  /**
   * Takes in one record.
   *
   * @param value - Absent in a tombstone.
   * @returns What is wrong with it; undefined for nothing.
   * @throws StateError `STATE_BYTES_EXCEEDED`
   */
  put(key: Uint8Array | undefined, value: Uint8Array | undefined): unknown {
    if (key === undefined) return this.#refused(invalid('a row needs a key, and the record has none'))
    const name = viewOf(key).toString('latin1')
    const nameBytes = Buffer.byteLength(name)
    if (nameBytes > rowKeyBytesMax) {
      return this.#refused(invalid(`a key has ${nameBytes} bytes in memory: at most ${rowKeyBytesMax} are possible`))
    }
    const { key: keys, value: values } = this.declaration
    let error: unknown
    let kept: Uint8Array | undefined
    try {
      keptBytes(keys, key)
      if (value !== undefined) kept = keptBytes(values, value)
    } catch (cause) {
      error = this.#refused(cause)
    }
    this.#rows.put(name, kept)
    return error
  }

  #refused(error: unknown): unknown {
    this.#badCount++
    return error
  }
}

/** What is kept of a key or a value: what its schema makes of it. Fails for bytes that are none of the codec. */
function keptBytes<Value>(codec: Codec<Value>, found: Uint8Array): Uint8Array {
  const isOfText = (codec as Codec<unknown>) !== (bytes as Codec<unknown>)
  if (isOfText && !isUtf8(found)) throw invalid('its bytes are not UTF-8')
  return encoded(codec, codec.read(viewOf(found), 0, found.length))
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

function invalid(what: string): StateError {
  return new StateError('STATE_VALUE_INVALID', what)
}
