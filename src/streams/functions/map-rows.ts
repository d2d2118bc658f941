import { Reason, type RecordColumns } from '../../kernel/index.ts'
import type { MapFunction } from '../topology/source.ts'
import { MadeValues } from './made-values.ts'
import { messageOf } from './row-function.ts'
import { askOfValue, type StepFacts, type StepRows } from './step-rows.ts'

/** The records of a batch, each of which a function gives another value. */
export class MapRows implements StepRows {
  readonly columns: RecordColumns
  readonly #facts: StepFacts<MapFunction<unknown, unknown>>
  readonly #made: MadeValues

  constructor(facts: StepFacts<MapFunction<unknown, unknown>>, columns: RecordColumns) {
    this.#facts = facts
    this.columns = columns
    this.#made = new MadeValues(columns, facts.values)
  }

  concerns(row: number): boolean {
    return !this.columns.hasLeft(row)
  }

  ask(row: number): unknown {
    return askOfValue(this.#facts, this.columns, row)
  }

  accept(row: number, made: unknown): void {
    if (made === undefined) return this.columns.filter(row)
    const cause = this.#made.take(row, made)
    if (cause !== undefined) this.columns.refuse(row, Reason.VALUE_NOT_JSON, `the map returned ${cause}`)
  }

  keepMade(json: Uint8Array): number {
    return this.#made.keep(json)
  }

  acceptMade(row: number, start: number, end: number): void {
    this.#made.takeKept(row, start, end)
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.MAP_FAILED, messageOf(cause))
  }

  madeOf(row: number): Uint8Array | null | undefined {
    return this.#made.of(row)
  }

  finish(): void {
    this.#made.put()
  }
}
