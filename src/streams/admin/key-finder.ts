import { ConfigError } from '../../core/errors.ts'
import { Decoder, plainRecord, RecordColumns, rowFlags, sourceSlackBytes } from '../../kernel/index.ts'
import { parseValue } from '../functions/record-view.ts'

/** Finds the records of one merge key, by the semantics that the program compares keys with. */
export class KeyFinder {
  /** The key in canonical form, as it stands in merged records' keys. */
  readonly canonical: Buffer
  readonly isNumber: boolean
  readonly #decoder: Decoder
  readonly #keyName: string

  /**
   * @param path - Field of the source's records that has the key.
   * @param text - The key: a JSON string or number, or any other text for a string.
   * @throws ConfigError `CONFIG_INVALID_VALUE` for one that no record can have.
   */
  constructor(path: readonly string[], text: string) {
    this.#keyName = path.at(-1)!
    this.#decoder = new Decoder({
      route: undefined,
      mergeKey: path,
      sides: [{ name: '', part: { kind: 'record' } }],
      depthMax: 0xffff,
      keyBytesMax: 0xffff,
    })
    const columns = recordOf(path.reduceRight((json, name) => `{${JSON.stringify(name)}:${json}}`, jsonOf(text)))
    if (this.#decode(columns).reason[0] !== 0) {
      throw new ConfigError('CONFIG_INVALID_VALUE', `${text.slice(0, 100)} is longer than a merge key can be`, {})
    }
    this.canonical = Buffer.from(keyOf(columns, 0))
    this.isNumber = isNumber(columns, 0)
  }

  /** The key for people: JSON. */
  get text(): string {
    const text = this.canonical.toString()
    return this.isNumber ? text : JSON.stringify(text)
  }

  /** The rows that have the key, whatever else is wrong with them. */
  rowsIn(columns: RecordColumns): number[] {
    this.#decode(columns)
    const rows: number[] = []
    for (let row = 0; row < columns.count; row++) {
      if (columns.reason[row] !== 0 || isNumber(columns, row) !== this.isNumber) continue
      if (this.canonical.equals(keyOf(columns, row))) rows.push(row)
    }
    return rows
  }

  /** Whether a merged record, or what was there of one, is of the key. */
  isKeyOf(columns: RecordColumns, row: number): boolean {
    const { key, value } = plainRecord(columns, row)
    if (key === undefined || value === undefined || !this.canonical.equals(key)) return false
    // A number and a string of the same characters are the same bytes.
    const merged = parseValue(columns, row) as Record<string, unknown>
    return (typeof merged[this.#keyName] === 'number') === this.isNumber
  }

  #decode(columns: RecordColumns): RecordColumns {
    columns.side.fill(0, 0, columns.count)
    columns.reason.fill(0, 0, columns.count)
    this.#decoder.decode(columns)
    return columns
  }
}

function keyOf({ flags, extra, bytes, keyStart, keyEnd }: RecordColumns, row: number): Uint8Array {
  const memory = (flags[row]! & rowFlags.keyInExtra) !== 0 ? extra.bytes : bytes
  return memory.subarray(keyStart[row]!, keyEnd[row]!)
}

function isNumber({ flags }: RecordColumns, row: number): boolean {
  return (flags[row]! & rowFlags.keyIsNumber) !== 0
}

function jsonOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    // As it was typed: a number may be longer than JavaScript's are exact.
    if (typeof value === 'string' || typeof value === 'number') return text.trim()
  } catch {
    // Then it is a string as it stands.
  }
  return JSON.stringify(text)
}

/** Columns of one record with nothing but a value. */
function recordOf(json: string): RecordColumns {
  const value = Buffer.from(json)
  const bytes = new Uint8Array(value.length + sourceSlackBytes)
  bytes.set(value)
  const columns = new RecordColumns()
  columns.reset(0, bytes, new DataView(bytes.buffer))
  columns.count = 1
  columns.recordEnd[0] = value.length
  columns.valueEnd[0] = value.length
  return columns
}
