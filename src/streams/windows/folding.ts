import { TopologyError } from '../../core/errors.ts'
import { Reason, type RecordColumns } from '../../kernel/index.ts'
import type { FunctionValues } from '../functions/function-values.ts'
import { isThenable, messageOf, refusePromise } from '../functions/row-function.ts'
import type { Aggregation, Reduction } from '../topology/aggregation.ts'
import { PartTexts } from './part-texts.ts'
import { numberBytesMax, type WindowRow } from './window-row.ts'

/** What a window makes of one more record. */
export interface Folding {
  /**
   * Reads a row, before `fold` makes something of it in each of its windows.
   *
   * @returns 0, or the dead-letter code of a record that is none for this aggregate; `cause` says more.
   */
  read(columns: RecordColumns, row: number): number
  /**
   * Makes the value of a window with the record that was read last: `value`, and `valueBytes` as JSON at most.
   *
   * @param before - Absent where it is the first one.
   * @returns 0, or a dead-letter code likewise.
   */
  fold(before: FoldedValue | undefined): number
  /** The row that was read last as text, for where it is folded later. */
  textOf(columns: RecordColumns, row: number): string
  /** Reads it again, likewise. @param partition - Number of the source partition. */
  readAgain(text: string, partition: number, offset: number): number
  /** Makes the value of two sessions that have become one, likewise. */
  merge(left: WindowRow, right: WindowRow): number
  readonly value: WindowRow['value']
  readonly valueBytes: number
  /** Why the last record is none. */
  readonly cause: string | undefined
  /** The value of a row as JSON. */
  resultOf(row: WindowRow): string
}

/** What a window has come to. */
export type FoldedValue = Pick<WindowRow, 'value' | 'valueBytes'>

/** Whether the values of windows are numbers; else they are JSON. */
export function areNumbers({ aggregate }: Pick<Aggregation, 'aggregate'>): boolean {
  return aggregate !== 'collect' && aggregate !== 'reduce'
}

/** @param values - As functions are given them. */
export function foldingOf(
  { aggregate, reduction }: Pick<Aggregation, 'aggregate' | 'reduction'>,
  id: string,
  values: FunctionValues,
): Folding {
  switch (aggregate) {
    case 'count':
      return new Counting()
    case 'sum':
      return new OfNumbers((before, value) => before + value)
    case 'min':
      return new OfNumbers(Math.min)
    case 'max':
      return new OfNumbers(Math.max)
    case 'collect':
      return new Collecting()
    case 'reduce':
      return new Reducing(reduction!, id, values)
  }
}

/** Rows have their number of records anyway. */
class Counting implements Folding {
  readonly value = 0
  readonly valueBytes = numberBytesMax
  readonly cause = undefined

  read(): number {
    return 0
  }

  fold(): number {
    return 0
  }

  textOf(): string {
    return ''
  }

  readAgain(): number {
    return 0
  }

  merge(): number {
    return 0
  }

  resultOf({ records }: WindowRow): string {
    return String(records)
  }
}

/** State: the number of the record that was read last, and what it has come to. */
class OfNumbers implements Folding {
  readonly valueBytes = numberBytesMax
  readonly #combine: (before: number, value: number) => number
  readonly #texts = new PartTexts()
  #read = 0
  value = 0
  cause: string | undefined

  constructor(combine: (before: number, value: number) => number) {
    this.#combine = combine
  }

  read(columns: RecordColumns, row: number): number {
    const text = this.#texts.of(columns, row)
    // JSON that begins like this is a number.
    if (!/^[-0-9]/.test(text)) {
      this.cause = `the field is ${text.slice(0, shownMax)}, where a number belongs`
      return Reason.NOT_A_NUMBER
    }
    this.#read = Number(text)
    return this.#finite(this.#read)
  }

  fold(before: FoldedValue | undefined): number {
    this.value = before === undefined ? this.#read : this.#combine(before.value as number, this.#read)
    return this.#finite(this.value)
  }

  textOf(): string {
    return String(this.#read)
  }

  readAgain(text: string): number {
    this.#read = Number(text)
    return 0
  }

  merge(left: WindowRow, right: WindowRow): number {
    this.value = this.#combine(left.value as number, right.value as number)
    return this.#finite(this.value)
  }

  resultOf({ value }: WindowRow): string {
    return String(value)
  }

  #finite(number: number): number {
    if (Number.isFinite(number)) return 0
    this.cause = 'the number, or the sum with it, is beyond what a number can be'
    return Reason.NOT_A_NUMBER
  }
}

/** The parts between the brackets of their list. State: the part that was read last, and what it has come to. */
class Collecting implements Folding {
  readonly cause = undefined
  readonly #texts = new PartTexts()
  #part = ''
  #partBytes = 0
  value = ''
  valueBytes = 0

  read(columns: RecordColumns, row: number): number {
    this.#part = this.#texts.of(columns, row)
    this.#partBytes = columns.partEnd[row]! - columns.partStart[row]!
    return 0
  }

  fold(before: FoldedValue | undefined): number {
    this.value = before === undefined ? this.#part : `${before.value},${this.#part}`
    this.valueBytes = this.#partBytes + (before === undefined ? 0 : before.valueBytes + 1)
    return 0
  }

  textOf(): string {
    return this.#part
  }

  readAgain(text: string): number {
    this.#part = text
    this.#partBytes = Buffer.byteLength(text)
    return 0
  }

  merge(left: WindowRow, right: WindowRow): number {
    this.value = `${left.value},${right.value}`
    this.valueBytes = left.valueBytes + right.valueBytes + 1
    return 0
  }

  resultOf({ value }: WindowRow): string {
    return `[${value}]`
  }
}

/** State: the value of the record that was read last, and what it has come to. */
class Reducing implements Folding {
  readonly #reduction: Reduction
  readonly #initial: string
  readonly #id: string
  readonly #values: FunctionValues
  readonly #texts = new PartTexts()
  #read: unknown
  value = ''
  valueBytes = 0
  cause: string | undefined

  constructor(reduction: Reduction, id: string, values: FunctionValues) {
    this.#reduction = reduction
    this.#initial = JSON.stringify(reduction.initial)
    this.#id = id
    this.#values = values
  }

  read(columns: RecordColumns, row: number): number {
    return this.#attempt(() => {
      this.#read = this.#values.parse(columns, row)
    })
  }

  fold(before: FoldedValue | undefined): number {
    return this.#attempt(() => {
      // What the function is given is its own: one that throws half-way has changed nothing that is kept.
      const soFar: unknown = JSON.parse(before === undefined ? this.#initial : (before.value as string))
      this.#take(this.#reduction.apply(soFar, this.#read))
    })
  }

  textOf(columns: RecordColumns, row: number): string {
    return this.#texts.of(columns, row)
  }

  readAgain(text: string, partition: number, offset: number): number {
    return this.#attempt(() => {
      const bytes = Buffer.from(text)
      this.#read = this.#values.parseBytes(bytes, 0, bytes.length, partition, offset)
    })
  }

  merge(left: WindowRow, right: WindowRow): number {
    return this.#attempt(() => {
      const [former, latter] = [left, right].map(({ value }) => JSON.parse(value as string) as unknown)
      this.#take(this.#reduction.merge!(former, latter))
    })
  }

  resultOf({ value }: WindowRow): string {
    return value as string
  }

  #take(made: unknown): void {
    if (isThenable(made)) refusePromise(this.#id, made)
    const text = JSON.stringify(made)
    if (text === undefined) throw new Error(`it returned ${typeof made}, which is no JSON`)
    this.value = text
    this.valueBytes = Buffer.byteLength(text)
  }

  #attempt(call: () => void): number {
    try {
      call()
      return 0
    } catch (error) {
      // A promise is a mistake of the program, and not of the record.
      if (error instanceof TopologyError) throw error
      this.cause = `the function of "${this.#id}" failed: ${messageOf(error)}`
      return Reason.AGGREGATE_FAILED
    }
  }
}

const shownMax = 100
