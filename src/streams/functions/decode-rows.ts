import { Reason, type RecordColumns } from '../../kernel/index.ts'
import type { DecodeFunction } from '../topology/decoding.ts'
import { MadeValues } from './made-values.ts'
import { viewOf } from './record-view.ts'
import { messageOf } from './row-function.ts'
import type { StepFacts, StepRows } from './step-rows.ts'

/**
 * The records of a batch, whose values a function decodes; a tombstone has none. A function that asks a schema registry
 * returns a promise.
 */
export class DecodeRows implements StepRows {
  readonly columns: RecordColumns
  readonly #facts: StepFacts<DecodeFunction<unknown>>
  readonly #made: MadeValues

  constructor(facts: StepFacts<DecodeFunction<unknown>>, columns: RecordColumns) {
    this.#facts = facts
    this.columns = columns
    this.#made = new MadeValues(columns, facts.values)
  }

  concerns(row: number): boolean {
    return !this.columns.hasLeft(row) && this.columns.valueStart[row]! >= 0
  }

  ask(row: number): unknown {
    const { bytes, valueStart, valueEnd } = this.columns
    const { apply, place, tables } = this.#facts
    const start = valueStart[row]!
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, valueEnd[row]! - start)
    return apply(value, viewOf(this.columns, row, place, tables))
  }

  accept(row: number, made: unknown): void {
    const cause = this.#made.take(row, made)
    if (cause !== undefined) this.columns.refuse(row, Reason.UNDECODABLE, `the decoder returned ${cause}`)
  }

  keepMade(json: Uint8Array): number {
    return this.#made.keep(json)
  }

  acceptMade(row: number, start: number, end: number): void {
    this.#made.takeKept(row, start, end)
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.UNDECODABLE, messageOf(cause))
  }

  madeOf(row: number): Uint8Array | null | undefined {
    return this.#made.of(row)
  }

  finish(): void {
    this.#made.put()
  }
}
