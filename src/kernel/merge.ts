import { assert } from '../core/assert.ts'
import type { Arena } from './arena.ts'
import { segmentOf, wordOf } from './arena.ts'
import { behindKey, blockFlags, offsetOf, partitionOf, partWordOf, sideOf, sidesMax, timestampOf } from './block.ts'
import { rowFlags, type RecordColumns } from './columns.ts'
import { partitionForKey } from './murmur2.ts'
import { originsPrefix, originsPrefixLength } from './origins.ts'
import type { OutputBuilder } from './output-builder.ts'
import { type OutputBatch, varintLength, writeVarint } from './output-batch.ts'

export interface MergeShape {
  /** The key's name as it stands in the output: a JSON string with its quotes. */
  keyName: Uint8Array
  /** The sides' names in declared order, likewise. */
  sideNames: readonly Uint8Array[]
  /** Bytes that key, value and header of a merged record may have together. */
  recordBytesMax: number
}

/**
 * Writes merged records: `{"<key name>":<key>,"<side>":<part>,…}`, parts byte for byte in declared order, straight from
 * the arena and from the record that completed the row, which is never stored.
 * The key leaves in the spelling of the first declared side, the record's key is the canonical key, its partition
 * Java's default, its timestamp the greatest of the parts', its one header says where they came from.
 */
export class MergeEncoder {
  readonly #arena: Arena
  readonly #out: OutputBuilder
  /** `{"<key name>":`, then `,"<side>":` each; padded for four-byte copies. */
  readonly #prefix: DataView
  readonly #prefixLength: number
  readonly #names: DataView[]
  readonly #nameLengths: Int32Array
  readonly #sideCount: number
  readonly #recordBytesMax: number
  /** Address of each side's block; 0 for the completing side. */
  readonly #blocks = new Int32Array(sidesMax)

  constructor(arena: Arena, out: OutputBuilder, { keyName, sideNames, recordBytesMax }: MergeShape) {
    this.#recordBytesMax = recordBytesMax
    this.#arena = arena
    this.#out = out
    this.#prefix = padded('{', keyName)
    this.#prefixLength = keyName.length + 2
    this.#names = sideNames.map((name) => padded(',', name))
    this.#nameLengths = Int32Array.from(sideNames, (name) => name.length + 2)
    this.#sideCount = sideNames.length
  }

  /**
   * Writes the merge of the row at `head` with the part of `row`, whose side the row lacks. Returns false, and writes
   * nothing, when key, value and header together are larger than `recordBytesMax`.
   */
  encode(head: number, columns: RecordColumns, row: number): boolean {
    const segments = this.#arena.words
    const blocks = this.#blocks
    const completing = columns.side[row]!
    const partLength = columns.partEnd[row]! - columns.partStart[row]!
    let timestamp = columns.timestamp[row]!
    let valueLength = this.#prefixLength + partLength + 1
    let originsLength = varintLength(columns.partition) + varintLength(columns.offset[row]!)
    for (let side = 0; side < this.#sideCount; side++) valueLength += this.#nameLengths[side]!
    blocks[completing] = 0
    for (let address = head; address !== 0;) {
      const words = segments[segmentOf(address)]!
      const word = wordOf(address)
      blocks[sideOf(words, word)] = address
      valueLength += words[word + 3]!
      originsLength += varintLength(partitionOf(words, word)) + varintLength(offsetOf(words, word))
      const blockTimestamp = timestampOf(words, word)
      if (blockTimestamp > timestamp) timestamp = blockTimestamp
      address = words[word + 1]!
    }

    const inExtra = (columns.flags[row]! & rowFlags.keyInExtra) !== 0
    const keyView = inExtra ? columns.extra.view : columns.view
    const keyStart = columns.keyStart[row]!
    const keyEnd = columns.keyEnd[row]!
    valueLength += this.#spellingLength(columns, row)
    const headersLength = originsPrefixLength + varintLength(originsLength) + originsLength
    if (valueLength + keyEnd - keyStart + headersLength > this.#recordBytesMax) return false

    const partition = partitionForKey(keyView, keyStart, keyEnd, this.#out.partitionCount)
    const batch = this.#out.begin(partition, timestamp, keyEnd - keyStart, valueLength, headersLength)
    const bytes = batch.bytes
    const view = batch.view
    let at = copyView(view, batch.position, keyView, keyStart, keyEnd - keyStart)
    at = writeVarint(bytes, at, valueLength)
    const valueAt = at
    at = copyView(view, at, this.#prefix, 0, this.#prefixLength)
    at = this.#writeSpelling(batch, at, columns, row)
    for (let side = 0; side < this.#sideCount; side++) {
      at = copyView(view, at, this.#names[side]!, 0, this.#nameLengths[side]!)
      const address = blocks[side]!
      if (address === 0) {
        const partView = (columns.flags[row]! & rowFlags.partInExtra) !== 0 ? columns.extra.view : columns.view
        at = copyView(view, at, partView, columns.partStart[row]!, partLength)
      } else {
        const words = segments[segmentOf(address)]!
        const word = wordOf(address)
        at = copyWords(view, at, words, partWordOf(words, word), words[word + 3]!)
      }
    }
    bytes[at++] = 0x7d
    assert(at - valueAt === valueLength, 'a merged record has the length it was announced with')
    at = copyView(view, at, originsPrefix, 0, originsPrefixLength)
    batch.position = this.#writeOrigins(bytes, writeVarint(bytes, at, originsLength), columns, row)
    return true
  }

  #writeOrigins(bytes: Uint8Array, from: number, columns: RecordColumns, row: number): number {
    let at = from
    for (let side = 0; side < this.#sideCount; side++) {
      const address = this.#blocks[side]!
      if (address === 0) {
        at = writeVarint(bytes, at, columns.partition)
        at = writeVarint(bytes, at, columns.offset[row]!)
      } else {
        const words = this.#arena.words[segmentOf(address)]!
        const word = wordOf(address)
        at = writeVarint(bytes, at, partitionOf(words, word))
        at = writeVarint(bytes, at, offsetOf(words, word))
      }
    }
    return at
  }

  /** Bytes of the key as the first declared side wrote it. */
  #spellingLength(columns: RecordColumns, row: number): number {
    const flags = columns.flags[row]!
    const first = this.#blocks[0]!
    if (first === 0) {
      if ((flags & rowFlags.keyRespelled) !== 0) return columns.spellingEnd[row]! - columns.spellingStart[row]!
    } else {
      const words = this.#arena.words[segmentOf(first)]!
      const word = wordOf(first)
      if ((words[word + 4]! & blockFlags.respelled) !== 0) return words[behindKey(words, word)]!
    }
    return columns.keyEnd[row]! - columns.keyStart[row]! + ((flags & rowFlags.keyIsNumber) !== 0 ? 0 : 2)
  }

  #writeSpelling(batch: OutputBatch, at: number, columns: RecordColumns, row: number): number {
    const { bytes, view } = batch
    const flags = columns.flags[row]!
    const first = this.#blocks[0]!
    if (first === 0) {
      if ((flags & rowFlags.keyRespelled) !== 0) {
        const start = columns.spellingStart[row]!
        return copyView(view, at, columns.view, start, columns.spellingEnd[row]! - start)
      }
    } else {
      const words = this.#arena.words[segmentOf(first)]!
      const word = wordOf(first)
      if ((words[word + 4]! & blockFlags.respelled) !== 0) {
        const spelled = behindKey(words, word)
        return copyWords(view, at, words, spelled + 1, words[spelled]!)
      }
    }
    const keyView = (flags & rowFlags.keyInExtra) !== 0 ? columns.extra.view : columns.view
    const start = columns.keyStart[row]!
    const length = columns.keyEnd[row]! - start
    if ((flags & rowFlags.keyIsNumber) !== 0) return copyView(view, at, keyView, start, length)
    bytes[at++] = quote
    at = copyView(view, at, keyView, start, length)
    bytes[at++] = quote
    return at
  }
}

const quote = 0x22

/** `<lead><name>:` with slack for four-byte copies. */
function padded(lead: string, name: Uint8Array): DataView {
  const bytes = new Uint8Array(name.length + 8)
  bytes[0] = lead.charCodeAt(0)
  bytes.set(name, 1)
  bytes[name.length + 1] = 0x3a
  return new DataView(bytes.buffer)
}

/** Copies four bytes at a time and so writes up to three behind the end; returns the end. */
function copyView(to: DataView, at: number, from: DataView, start: number, length: number): number {
  for (let i = 0; i < length; i += 4) to.setInt32(at + i, from.getInt32(start + i, true), true)
  return at + length
}

/** The same from the words of the arena. */
function copyWords(to: DataView, at: number, words: Int32Array, word: number, length: number): number {
  for (let i = 0; i < length; i += 4, word++) to.setInt32(at + i, words[word]!, true)
  return at + length
}
