import { kindOf } from '../../core/kind-of.ts'
import {
  columnsRowsMax,
  Reason,
  type RecordColumns,
  type RecordOrigin,
  replaceValues,
  rowFlags,
} from '../../kernel/index.ts'
import { covers } from '../redrive/extent.ts'
import type { FlatMapStep } from '../topology/source.ts'
import { encodeMade } from './made-values.ts'
import { messageOf } from './row-function.ts'
import { askOfValue, type StepFacts, type StepRows } from './step-rows.ts'

/** Whether the record that was made at an index of that at an offset is to be taken in. */
export type IsWanted = (index: number, offset: number) => boolean

/** The records of a batch, of each of which a function makes several. */
export class FlatMapRows implements StepRows {
  readonly columns: RecordColumns
  readonly #facts: StepFacts<FlatMapStep['apply']>
  readonly #partsMax: number
  /** By row; absent where it has left. */
  readonly #made = new Map<number, readonly (Uint8Array | null)[]>()

  constructor(facts: StepFacts<FlatMapStep['apply']>, partsMax: number, columns: RecordColumns) {
    this.#facts = facts
    this.#partsMax = partsMax
    this.columns = columns
  }

  concerns(row: number): boolean {
    return !this.columns.hasLeft(row)
  }

  ask(row: number): unknown {
    return askOfValue(this.#facts, this.columns, row)
  }

  accept(row: number, made: unknown): void {
    if (!Array.isArray(made)) return this.#refuse(row, `${kindOf(made)}, where a list belongs`)
    if (made.length === 0) return this.columns.filter(row)
    if (made.length > this.#partsMax) {
      return this.#refuse(row, `${made.length} records, where partsMax is ${this.#partsMax}`)
    }
    const parts: (Uint8Array | null)[] = []
    for (const [index, each] of made.entries()) {
      const encoded = encodeMade(this.#facts.values, each)
      if (typeof encoded === 'string') {
        return this.columns.refuse(row, Reason.VALUE_NOT_JSON, `the flatMap returned at index ${index} ${encoded}`)
      }
      parts.push(encoded)
    }
    this.#made.set(row, parts)
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.MAP_FAILED, messageOf(cause))
  }

  madeOf(): undefined {}

  finish(): void {}

  /**
   * Adds to empty columns what the rows from `from` on have become, record after record, as far as there is room. Of a
   * row that has left there is one, in the first lane that wants its offset. Of a dead letter that is redriven there are
   * only the records that it is of, and always one at its index: if none is made there any more, it is filtered.
   *
   * @returns The row after these.
   */
  fill(to: RecordColumns, from: number, isWanted: IsWanted): number {
    const { columns } = this
    const values: (Uint8Array | null | undefined)[] = []
    const add = (row: number, index: number, value?: Uint8Array | null) => {
      to.lane[to.count] = index
      to.copyRow(columns, row)
      values.push(value)
    }
    let row = from
    for (; row < columns.count && to.count + this.#partsMax <= columnsRowsMax; row++) {
      const offset = columns.offset[row]!
      const parts = this.#made.get(row)
      const letter = columns.origins?.get(offset)
      if (parts === undefined) {
        const first = this.#firstWanted(offset, isWanted, letter)
        if (first === undefined) continue
        add(row, first)
        to.flags[to.count - 1]! |= rowFlags.unmade
        continue
      }
      for (const [index, part] of parts.entries()) {
        if (isWanted(index, offset) && (letter === undefined || covers(letter, index))) add(row, index, part)
      }
      const first = letter?.index ?? 0
      if (first < parts.length || !isWanted(first, offset)) continue
      add(row, first)
      to.filter(to.count - 1)
    }
    if (to.count > 0) replaceValues(to, (each) => values[each])
    return row
  }

  #firstWanted(offset: number, isWanted: IsWanted, letter: RecordOrigin | undefined): number | undefined {
    for (let index = 0; index < this.#partsMax; index++) {
      if (isWanted(index, offset) && (letter === undefined || covers(letter, index))) return index
    }
    return undefined
  }

  #refuse(row: number, what: string): void {
    this.columns.refuse(row, Reason.MAP_FAILED, `the flatMap returned ${what}`)
  }
}
