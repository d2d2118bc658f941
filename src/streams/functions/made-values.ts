import { type RecordColumns, replaceValues } from '../../kernel/index.ts'
import type { FunctionValues } from './function-values.ts'
import { messageOf } from './row-function.ts'

const utf8 = new TextEncoder()

/** Values that a function has made of the rows of a batch. They take effect together, once none is missing. */
export class MadeValues {
  readonly #columns: RecordColumns
  readonly #values: FunctionValues
  readonly #made = new Map<number, Uint8Array | null>()

  constructor(columns: RecordColumns, values: FunctionValues) {
    this.#columns = columns
    this.#values = values
  }

  /** Takes a value, null for none; returns what it is where it is no JSON. */
  take(row: number, made: unknown): string | undefined {
    if (made === null) {
      this.#made.set(row, null)
      return undefined
    }
    let text: string | undefined
    try {
      text = this.#values.stringify(made)
    } catch (error) {
      return `what is no JSON: ${messageOf(error)}`
    }
    if (text === undefined) return `a value of the type ${typeof made}, which is no JSON`
    this.#made.set(row, utf8.encode(text))
    return undefined
  }

  put(): void {
    if (this.#made.size > 0) replaceValues(this.#columns, (row) => this.#made.get(row))
  }
}
