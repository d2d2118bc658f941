import { ConfigError } from '../../core/errors.ts'
import {
  Decoder,
  headerOf,
  type KeyPlace,
  plainRecord,
  RecordColumns,
  rowFlags,
  RowKeys,
  sourceSlackBytes,
} from '../../kernel/index.ts'
import type { KeyShape } from '../checkpoint/topology-shape.ts'
import { mergeKeyHeaderName } from '../merged/sink-records.ts'
import { parseValue } from '../functions/record-view.ts'

/** A key that no function makes. */
type PlacedKey = NonNullable<KeyShape>

const keyBytesMax = 0xffff

/** Finds the records of one merge key, by the semantics that the program compares keys with. */
export class KeyFinder {
  /** The key in canonical form, as it stands in merged records' keys. */
  readonly canonical: Buffer
  readonly isNumber: boolean
  readonly #keyName: string
  readonly #keys = new RowKeys(keyBytesMax)
  /** By the place where the key stands. */
  readonly #decoders = new Map<string, Decoder>()

  /**
   * @param keyName - Name of the key in merged records.
   * @param text - The key: a JSON string or number, or any other text for a string.
   * @throws ConfigError `CONFIG_INVALID_VALUE` for one that no record can have.
   */
  constructor(keyName: string, text: string) {
    this.#keyName = keyName
    const columns = recordOf(`{"key":${jsonOf(text)}}`)
    if (decode(this.#decoderOf(['key']), columns).reason[0] !== 0) {
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

  /**
   * The rows that have the key where it is said to stand, whatever else is wrong with them.
   *
   * @param areOpaque - Whether nothing is looked for in their values.
   */
  rowsIn(columns: RecordColumns, key: PlacedKey, areOpaque = false): number[] {
    decode(this.#decoderOf(key, areOpaque), columns)
    const rows: number[] = []
    for (let row = 0; row < columns.count; row++) {
      if (columns.reason[row] === 0 && this.isKeyAt(columns, row)) rows.push(row)
    }
    return rows
  }

  /** Whether a function has made the key. */
  isMade(columns: RecordColumns, row: number, made: unknown): boolean {
    if (typeof made !== 'string' && !(typeof made === 'number' && Number.isFinite(made))) return false
    return this.#keys.keep(columns, row, made) === 0 && this.isKeyAt(columns, row)
  }

  /** Whether a row has the key, where it is known which one it has. */
  isKeyAt(columns: RecordColumns, row: number): boolean {
    return isNumber(columns, row) === this.isNumber && this.canonical.equals(keyOf(columns, row))
  }

  /**
   * Whether a merged record, or what was there of one, is of the key. A number and a string of the same characters are
   * the same bytes: which of them it is, the value tells, unless a map has made it.
   *
   * @param sides - Names of those that are in it.
   */
  isKeyOf(columns: RecordColumns, row: number, sides: readonly string[]): boolean {
    const mergeKey = headerOf(columns, row, mergeKeyHeaderName)
    if (mergeKey !== undefined) return Buffer.from(mergeKey).toString() === this.text
    const { key, value } = plainRecord(columns, row)
    if (key === undefined || !this.canonical.equals(key)) return false
    if (value === undefined) return true
    const merged = parseValue(columns, row) as Readonly<Record<string, unknown>> | null
    const isAsMerged = typeof merged === 'object' && [this.#keyName, ...sides].every((name) => isOwn(merged, name))
    return !isAsMerged || (typeof merged![this.#keyName] === 'number') === this.isNumber
  }

  #decoderOf(key: PlacedKey, areOpaque = false): Decoder {
    const name = JSON.stringify([key, areOpaque])
    const known = this.#decoders.get(name)
    if (known !== undefined) return known
    const decoder = new Decoder({
      route: undefined,
      sides: [{ name: '', part: { kind: 'record' }, key: placeOf(key) }],
      depthMax: 0xffff,
      keyBytesMax,
      areOpaque,
    })
    this.#decoders.set(name, decoder)
    return decoder
  }
}

function isOwn(value: object | null, name: string): boolean {
  return value !== null && Object.hasOwn(value, name)
}

function placeOf(key: PlacedKey): KeyPlace {
  if ('recordKey' in key) return { kind: 'recordKey', as: key.recordKey }
  if ('header' in key) return { kind: 'header', name: key.header, as: key.as }
  if ('field' in key) return { kind: 'convertedField', path: key.field, as: key.as }
  return { kind: 'field', path: key }
}

function decode(decoder: Decoder, columns: RecordColumns): RecordColumns {
  columns.flags.fill(0, 0, columns.count)
  columns.side.fill(0, 0, columns.count)
  columns.reason.fill(0, 0, columns.count)
  decoder.decode(columns)
  return columns
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
