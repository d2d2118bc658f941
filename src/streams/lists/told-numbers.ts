import { strictUtf8 } from '../../core/strict-utf8.ts'
import { type FieldPath, noSide, Reason, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import { pathText } from '../topology/field.ts'
import type { Plan } from '../topology/plan.ts'

/**
 * Reads from parts of a side how many parts a list of their row has. A part that does not tell it becomes a dead letter.
 * Cost: one parse of each part of such a side.
 */
export class ToldNumbers {
  /** By the side that tells. */
  readonly #paths: ReadonlyMap<number, FieldPath>

  private constructor(paths: ReadonlyMap<number, FieldPath>) {
    this.#paths = paths
  }

  /** Undefined where no part tells anything. */
  static of({ sides }: Pick<Plan, 'sides'>): ToldNumbers | undefined {
    const told = sides.flatMap(({ list }) => (typeof list?.count === 'object' ? [list.count] : []))
    return told.length === 0 ? undefined : new ToldNumbers(new Map(told.map(({ side, path }) => [side, path])))
  }

  /** Notes what the rows of a batch tell, before the table takes them. */
  take(columns: RecordColumns): void {
    const { side, numberTold, count } = columns
    for (let row = 0; row < count; row++) {
      const path = side[row] === noSide ? undefined : this.#paths.get(side[row]!)
      if (path === undefined) continue
      const told = valueAt(columns, row, path)
      if (isNumberOfParts(told)) numberTold[row] = told
      else {
        const cause = `${pathText(path)} is ${textOf(told)}, where a whole number of parts belongs`
        columns.refuse(row, Reason.COUNT_INVALID, cause)
      }
    }
  }
}

function isNumberOfParts(told: unknown): told is number {
  return Number.isInteger(told) && (told as number) >= 0 && (told as number) < 2 ** 31
}

function valueAt(columns: RecordColumns, row: number, path: FieldPath): unknown {
  const { flags, extra, bytes, partStart, partEnd } = columns
  const memory = (flags[row]! & rowFlags.partInExtra) === 0 ? bytes : extra.bytes
  const part: unknown = JSON.parse(strictUtf8.decode(memory.subarray(partStart[row], partEnd[row])))
  return path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), part)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function textOf(told: unknown): string {
  return told === undefined ? 'missing' : JSON.stringify(told).slice(0, 100)
}
