import type { TableTasks } from './completed-numbers.ts'
import type { HandedRecord } from './handed-record.ts'
import type { OutputBuilder } from './output-builder.ts'
import type { PendingRow, StoredPart } from './pending-row.ts'
import type { TableMemory } from './table-memory.ts'

export interface PendingTableOptions {
  sideCount: number
  /** Nothing is ever taken in, and so it may have one side. @defaultValue false */
  isUnused?: boolean
  /** Bytes that parts may take together, keys, headers and remembered keys included. */
  bytesMax: number
  /** Two secret numbers for the hash of keys. */
  hashSeed: readonly [number, number]
  /** Dead-letter code for the second part of a side that a row has already. */
  duplicateReason: number
  /** Dead-letter code for the parts of a row that cannot be published for its size. */
  tooLargeReason: number
  /** The same for its timestamp. */
  refusedTimeReason: number
  /** Dead-letter code for a part whose key has been merged; absent where such keys are not remembered. */
  completedReason?: number | undefined
  /** By whose tasks completed keys are numbered. @defaultValue one task over all partitions */
  tasks?: TableTasks | undefined
  /** Sides that a row is merged without, once it has waited for them. @defaultValue none */
  optionalSides?: readonly number[]
  /** Dead-letter code in place of `completedReason` for parts of these sides, and of any where there is a `quorum`. */
  lateReason?: number | undefined
  /** Sides after which a row is merged without the others. @defaultValue it waits for all of them */
  quorum?: number | undefined
  /** Sides of which a later part takes the place of the one before. @defaultValue none */
  latestSides?: readonly number[]
  /** Sides of which a row has several parts; not among the ones above. @defaultValue none */
  lists?: readonly ListSide[]
  /**
   * Whether parts carry headers, by the columns `carriedStart` and `carriedEnd`: their number in a byte, with `TRACED`
   * where the merge is to be told, and the headers. A merged record that is handed over has those of the first side that
   * has some. @defaultValue none
   */
  carries?: boolean
  /** Whether rows of one batch are of several lanes of their partition. @defaultValue false */
  hasLanes?: boolean
  /** Where it lives, which nothing has used. @defaultValue memory that is taken as it is needed */
  memory?: TableMemory | undefined
}

/** A side that is a list of parts, and when it is full. It has at most 1,000 parts. */
export interface ListSide {
  readonly side: number
  /**
   * How many parts it has, 2 at least; or the side whose part tells it, by the column `numberTold`, which tells it of no
   * other list. A list without a length is never full: its side is optional.
   */
  readonly length?: number | { readonly toldBy: number } | undefined
  /** Dead-letter code for a part that it has no room for. */
  readonly fullReason: number
}

/** Where completed rows go, and how they look. */
export interface Publication {
  /** The key's name as it stands in the output: a JSON string with its quotes. */
  keyName: Uint8Array
  /** The sides' names in declared order, likewise. */
  sideNames: readonly Uint8Array[]
  /** Bytes that key, value and header of a merged record may have together. */
  recordBytesMax: number
  out: OutputBuilder
  /**
   * Makes a dead letter of a stored part whose row could not be published; the last part becomes one by its columns.
   */
  refuse(part: StoredPart, reason: number): void
  /**
   * The number of the first lane of the partition that a lane is of. Absent where no partition has several.
   */
  firstLaneOf?: ((lane: number) => number) | undefined
  /** Publishes the parts of an expired row. */
  expire(row: PendingRow): void
  /**
   * Publishes a row that the table does not write itself: one that lacks sides, or has lists. Returns its outcome, as
   * `hand` does. Absent where there are no such rows.
   */
  merge?(row: PendingRow): number
  /**
   * Publishes a merged record; returns `PUBLISHED`, `LEFT_OUT` where a filter does not want it, or the dead-letter code
   * of its parts. Absent where merged records go to `out` as they are.
   */
  hand?: ((record: HandedRecord) => number) | undefined
  /**
   * Is told of merges of which a part carries `TRACED`, by side, as `readTracedMerges` reads them: of one before `hand`,
   * else of some whose records are written. Their bytes are valid until it returns. Not where `merge` is called.
   */
  trace?: ((merges: Uint8Array, count: number) => void) | undefined
  /** Why a row becomes dead letters that `hand` has just given a code to; absent where the code says it all. */
  causeOf?(reason: number): string | undefined
}
