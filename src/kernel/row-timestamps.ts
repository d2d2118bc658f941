import { timestampMax } from './block.ts'
import type { RecordColumns } from './columns.ts'
import { type FieldPath, Scanner, Status } from './json/index.ts'
import { ValueKind } from './json/value-kind.ts'

/** ISO 8601 in the form that has one meaning: a date, or date and time with an offset. */
const isoTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Reads timestamps from a field of values: milliseconds since 1970, or a text in ISO 8601. Costs a scan each. */
export class RowTimestamps {
  readonly #scanner: Scanner
  readonly #field: string

  /** @param field - The path as a text, for those who read what is wrong. */
  constructor(path: FieldPath, field: string, depthMax: number) {
    this.#field = field
    this.#scanner = new Scanner([path], { depthMax })
  }

  /** The timestamp of a row, in whole milliseconds; a text where there is none that says why. */
  read({ bytes, valueStart, valueEnd }: RecordColumns, row: number): number | string {
    const { starts, ends, kinds } = this.#scanner
    const status = this.#scanner.scan(bytes, valueStart[row]!, valueEnd[row]!)
    if (status !== Status.OK || kinds[0] === ValueKind.MISSING)
      return `${this.#field}, the field of the timestamp, is missing`
    const value: unknown = JSON.parse(Buffer.from(bytes.subarray(starts[0]!, ends[0]!)).toString())
    const ms = typeof value === 'string' && isoTime.test(value) ? Date.parse(value) : value
    const isTime = typeof ms === 'number' && ms >= 0 && ms <= timestampMax
    return isTime
      ? Math.floor(ms)
      : `${this.#field}, the field of the timestamp, has neither milliseconds nor a time in ISO 8601 with its offset`
  }
}
