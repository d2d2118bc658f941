import type { LookupRows, LookupTable, ProgramTable, RecordTable } from './table.ts'

/** The record that a function is called for: where it came from, and what it has beside its value. */
export interface RecordView {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Which of the records it is that a flatMap has made of this one; 0 where there is none. */
  readonly index: number
  /** Milliseconds since the epoch, as the record carries it. */
  readonly timestampMs: number
  /** A copy of the bytes of the record's key. */
  readonly key: Buffer | null
  /** A copy of the bytes of the record's value, as they are in the topic; null for a tombstone. */
  readonly value: Buffer | null
  readonly headers: RecordHeaders
  /**
   * The rows of a table of the program, to be read and changed while the function runs. A function that asks for a table
   * returns no promise. What it changes belongs to the epoch that the record is consumed in; where it throws, it has
   * changed nothing.
   *
   * @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare, which ends the program.
   */
  table<Key, Value>(table: ProgramTable<Key, Value>): RecordTable<Key, Value>
  /**
   * The rows of a table that a topic fills, to be looked up. The function may return a promise, and look up later too.
   *
   * @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare, which ends the program.
   */
  table<Key, Value>(table: LookupTable<Key, Value>): LookupRows<Key, Value>
}

/**
 * The headers of a record. Like key and value they are read when they are asked for, while the function, or the promise
 * that it has given, is not settled.
 */
export interface RecordHeaders extends Iterable<RecordHeader> {
  /** The bytes of the last header of a name; null for one without a value, undefined where there is none. */
  get(name: string): Buffer | null | undefined
  /** The same as text in UTF-8; undefined where there is no such header, or it has no value. */
  text(name: string): string | undefined
}

/** A header of a record, as it stands. */
export interface RecordHeader {
  readonly name: string
  readonly value: Buffer | null
}
