import {
  carriedBytes,
  isKeyNumber,
  keyBytes,
  nextOf,
  offsetOf,
  partBytes,
  partitionOf,
  sideOf,
  spellingBytes,
  timestampOf,
  unitWords,
} from './block.ts'

/** Where a stored part came from. */
export interface StoredPart {
  partition: number
  offset: number
  side: number
}

/** A stored part with what it carries: bytes as they lie in the table, valid until the table changes. */
export interface CarryingPart extends StoredPart {
  timestamp: number
  carried: Uint8Array | undefined
}

/** A pending row, with its bytes as they lie in the table: valid until the table changes. */
export interface PendingRow {
  /** The canonical key, and the key as JSON in the spelling of the first side that is there. */
  key: Uint8Array
  spelling: Uint8Array
  /** In the order of their sides, and those of a list in that of partitions, offsets and lanes. */
  parts: readonly (CarryingPart & { bytes: Uint8Array })[]
}

/** The parts of the row whose first block has this address, as it lies in the table's memory. */
export function* partsOf(words: Int32Array, head: number): Generator<StoredPart> {
  for (const word of blocksOf(words, head)) yield storedPart(words, word)
}

/**
 * Is told of a row: its sides, as bits, the timestamp of its oldest part, and where it lies, which is good for its key
 * until the table changes.
 */
export type RowVisit = (sides: number, oldestMs: number, head: number) => void

/** Tells of a row, and makes no object for that. */
export function visitRow(words: Int32Array, head: number, visit: RowVisit): void {
  let sides = 0
  let oldestMs = Infinity
  for (let address = head; address !== 0; address = nextOf(words, address * unitWords)) {
    const word = address * unitWords
    sides |= 1 << sideOf(words, word)
    oldestMs = Math.min(oldestMs, timestampOf(words, word))
  }
  visit(sides, oldestMs, head)
}

/** The key of a row as JSON, without quotes where it is a string. */
export function keyTextAt(words: Int32Array, head: number): string {
  return Buffer.from(keyBytes(words, head * unitWords)).toString()
}

/** @param firstLaneOf - The partition that a lane is of, by the number of its first one. */
export function rowAt(words: Int32Array, head: number, firstLaneOf: (lane: number) => number): PendingRow {
  const headWord = head * unitWords
  const key = keyBytes(words, headWord)
  const blocks = [...blocksOf(words, head)].sort(
    (a, b) =>
      sideOf(words, a) - sideOf(words, b) ||
      firstLaneOf(partitionOf(words, a)) - firstLaneOf(partitionOf(words, b)) ||
      offsetOf(words, a) - offsetOf(words, b) ||
      partitionOf(words, a) - partitionOf(words, b),
  )
  return {
    key,
    spelling:
      spellingBytes(words, blocks[0]!) ?? (isKeyNumber(words, headWord) ? key : Buffer.concat([quote, key, quote])),
    parts: blocks.map((word) => ({
      ...carryingPart(words, word),
      bytes: partBytes(words, word),
    })),
  }
}

const quote = Buffer.from('"')

/** The blocks of a row, by the words that they begin at. */
export function* blocksOf(words: Int32Array, head: number): Generator<number> {
  for (let address = head; address !== 0; address = nextOf(words, address * unitWords)) yield address * unitWords
}

/** The part whose block begins at this word. */
function carryingPart(words: Int32Array, word: number): CarryingPart {
  return {
    partition: partitionOf(words, word),
    offset: offsetOf(words, word),
    side: sideOf(words, word),
    timestamp: timestampOf(words, word),
    carried: carriedBytes(words, word),
  }
}

function storedPart(words: Int32Array, word: number): StoredPart {
  return { partition: partitionOf(words, word), offset: offsetOf(words, word), side: sideOf(words, word) }
}
