import { GrowableBytes, type RecordColumns, replaceValues } from '../../kernel/index.ts'
import type { FunctionValues } from './function-values.ts'
import { messageOf } from './row-function.ts'

const utf8 = new TextEncoder()

/** Values that a function has made of the rows of a batch. They take effect together, once none is missing. */
export class MadeValues {
  readonly #columns: RecordColumns
  readonly #values: FunctionValues
  readonly #made = new Map<number, Uint8Array | null>()
  /** What was made on other threads; absent until there is some. */
  #elsewhere: GrowableBytes | undefined

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

  /** @see RowFunction.keepMade */
  keep(json: Uint8Array): number {
    this.#elsewhere ??= new GrowableBytes(0)
    return this.#elsewhere.append(json)
  }

  takeKept(row: number, start: number, end: number): void {
    this.#made.set(row, this.#elsewhere!.bytes.subarray(start, end))
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
  let text: string | undefined
  try {
    text = values.stringify(made)
  } catch (error) {
    return `what is no JSON: ${messageOf(error)}`
  }
  return text === undefined ? `a value of the type ${typeof made}, which is no JSON` : utf8.encode(text)
}
