import { type RecordColumns, replaceValues } from '../../kernel/index.ts'
import type { FunctionValues } from './function-values.ts'
import { MadeElsewhere, messageOf } from './row-function.ts'

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
    const encoded = encodeMade(this.#values, made)
    if (typeof encoded === 'string') return encoded
    this.#made.set(row, encoded)
    return undefined
  }

  of(row: number): Uint8Array | null | undefined {
    return this.#made.get(row)
  }

  put(): void {
    if (this.#made.size > 0) replaceValues(this.#columns, (row) => this.#made.get(row))
  }
}

/** What a function has made, as JSON, null for no value; or a text that says what it is where it is no JSON. */
export function encodeMade(values: FunctionValues, made: unknown): Uint8Array | null | string {
  if (made === null) return null
  if (made instanceof MadeElsewhere) return made.json
  let text: string | undefined
  try {
    text = values.stringify(made)
  } catch (error) {
    return `what is no JSON: ${messageOf(error)}`
  }
  return text === undefined ? `a value of the type ${typeof made}, which is no JSON` : utf8.encode(text)
}
