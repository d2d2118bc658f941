import { kindOf } from '../../core/kind-of.ts'
import { Reason, type RecordColumns } from '../../kernel/index.ts'
import type { FilterFunction } from '../topology/source.ts'
import { messageOf } from './row-function.ts'
import { askOfValue, type StepFacts, type StepRows } from './step-rows.ts'

/** The records of a batch, of each of which a function says whether it goes on. */
export class FilterRows implements StepRows {
  readonly columns: RecordColumns
  readonly #facts: StepFacts<FilterFunction<unknown>>

  constructor(facts: StepFacts<FilterFunction<unknown>>, columns: RecordColumns) {
    this.#facts = facts
    this.columns = columns
  }

  concerns(row: number): boolean {
    return !this.columns.hasLeft(row)
  }

  ask(row: number): unknown {
    return askOfValue(this.#facts, this.columns, row)
  }

  accept(row: number, isKept: unknown): void {
    if (isKept === false) return this.columns.filter(row)
    if (isKept === true) return
    const cause = `the filter returned ${kindOf(isKept)}, where true or false belongs`
    this.columns.refuse(row, Reason.FILTER_FAILED, cause)
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.FILTER_FAILED, messageOf(cause))
  }

  madeOf(): undefined {}

  finish(): void {}
}
