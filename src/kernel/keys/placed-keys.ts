import { strictUtf8 } from '../../core/strict-utf8.ts'
import { noSide, rowFlags, type RecordColumns } from '../columns.ts'
import { canonicalNumber } from '../json/canonical-number.ts'
import { Status } from '../json/index.ts'
import { ValueKind } from '../json/value-kind.ts'
import { headerOf } from '../record-headers.ts'
import type { KeyEncoding, KeyPlace } from './key-place.ts'
import type { RowKeys } from './row-keys.ts'

type Place = Exclude<KeyPlace, { kind: 'field' | 'keyFunction' }>

const utf8 = new TextEncoder()
/** What a string cannot hold as it is. */
// oxlint-disable-next-line no-control-regex
const escaped = /["\\\u0000-\u001f]/
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const DELETE = 0x7f

/**
 * Finds merge keys that are no fields as they stand: the key of the record, a header, a field of another type.
 *
 * Cost per record: a walk over the key's bytes, where it is ASCII without quotes; else some objects.
 */
export class PlacedKeys {
  readonly #places: readonly (Place | undefined)[]
  readonly #keys: RowKeys
  readonly #spellingBytesMax: number

  /**
   * @param places - By side; undefined where the key is a field.
   * @param keys - Reads what is spelled as JSON.
   */
  constructor(places: readonly (Place | undefined)[], keys: RowKeys, spellingBytesMax: number) {
    this.#places = places
    this.#keys = keys
    this.#spellingBytesMax = spellingBytesMax
  }

  /** Finds the keys of the rows of a pass that have a side; a row without a key loses it, and has a reason. */
  find(columns: RecordColumns, from: number, to: number): void {
    const { side } = columns
    for (let row = from; row < to; row++) {
      const place = side[row] === noSide ? undefined : this.#places[side[row]!]
      if (place === undefined) continue
      const status = this.#findOne(columns, row, place)
      if (status !== Status.OK) columns.refuse(row, status)
    }
  }

  #findOne(columns: RecordColumns, row: number, place: Place): Status {
    if (place.kind === 'convertedField') return convert(columns, row, place.as)
    if (place.kind === 'recordKey') findRecordKey(columns, row)
    else findHeader(columns, row, place.name)
    const what = place.kind === 'recordKey' ? 'the key of the record' : `the header "${place.name}"`
    const { keyStart, keyEnd } = columns
    if (keyStart[row]! < 0) return refuse(columns, row, Status.KEY_MISSING, `${what} is missing`)
    if (keyEnd[row]! - keyStart[row]! > this.#spellingBytesMax) return Status.KEY_TOO_LONG
    const status = this.#read(columns, row, place.as)
    return status === Status.KEY_TYPE ? refuse(columns, row, status, `${what} is ${notAs[place.as]}`) : status
  }

  /** Reads the bytes that the columns name as the key of a row. */
  #read(columns: RecordColumns, row: number, as: KeyEncoding): Status {
    columns.flags[row] = 0
    if (as === 'text') return readText(columns, row)
    if (as === 'json') return this.#readJson(columns, row)
    const { bytes, keyStart, keyEnd } = columns
    const text = Buffer.from(bytes.subarray(keyStart[row]!, keyEnd[row]!)).toString('base64')
    if (text.length + 2 > this.#spellingBytesMax) return Status.KEY_TOO_LONG
    keepKey(columns, row, text)
    return Status.OK
  }

  #readJson(columns: RecordColumns, row: number): Status {
    const { keyStart, keyEnd } = columns
    const text = decoded(columns, row)
    if (text === undefined) return Status.KEY_TYPE
    const spelling = text.trim()
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return Status.KEY_TYPE
    }
    if (typeof value !== 'string' && typeof value !== 'number') return Status.KEY_TYPE
    const lead = Buffer.byteLength(text.slice(0, text.indexOf(spelling)))
    keyStart[row]! += lead
    keyEnd[row] = keyStart[row]! + Buffer.byteLength(spelling)
    const isString = typeof value === 'string'
    const stringKind = spelling.includes('\\') ? ValueKind.ESCAPED_STRING : ValueKind.PLAIN_STRING
    return this.#keys.read(columns, row, isString ? stringKind : ValueKind.NUMBER)
  }
}

/** For a person: what a key is not. */
const notAs: Readonly<Record<KeyEncoding, string>> = {
  text: 'not UTF-8',
  json: 'neither a string nor a number in JSON',
  base64: 'no bytes',
}

function refuse(columns: RecordColumns, row: number, status: Status, cause: string): Status {
  columns.causes.set(row, cause)
  return status
}

/** Has the columns name the key of a record, which stands after attributes, timestamp and offset; -1 for none. */
function findRecordKey({ bytes, recordStart, keyStart, keyEnd }: RecordColumns, row: number): void {
  let at = recordStart[row]! + 1
  for (let numbers = 2; numbers > 0; numbers--) {
    while (bytes[at]! >= 128) at++
    at++
  }
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!
    length |= (byte & 127) << shift
    if (byte < 128) break
  }
  length = (length >>> 1) ^ -(length & 1)
  keyStart[row] = length < 0 ? -1 : at
  keyEnd[row] = at + length
}

function findHeader(columns: RecordColumns, row: number, name: string): void {
  const value = headerOf(columns, row, name)
  const start = value === undefined ? -1 : value.byteOffset - columns.bytes.byteOffset
  columns.keyStart[row] = start
  columns.keyEnd[row] = start + (value?.length ?? 0)
}

function readText(columns: RecordColumns, row: number): Status {
  const { bytes, keyStart, keyEnd } = columns
  if (isPlainAscii(bytes, keyStart[row]!, keyEnd[row]!)) return Status.OK
  const text = decoded(columns, row)
  if (text === undefined) return Status.KEY_TYPE
  if (!escaped.test(text)) return Status.OK
  // Its bytes are canonical as they are; as JSON they are spelled otherwise.
  const { extra, spellingStart, spellingEnd, flags } = columns
  spellingStart[row] = extra.append(utf8.encode(JSON.stringify(text)))
  spellingEnd[row] = extra.length
  flags[row] = rowFlags.keyRespelled | rowFlags.spellingInExtra
  return Status.OK
}

function isPlainAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte < SPACE || byte >= DELETE || byte === QUOTE || byte === BACKSLASH) return false
  }
  return true
}

/** The bytes that the columns name as a text; undefined where they are no UTF-8. */
function decoded({ bytes, keyStart, keyEnd }: RecordColumns, row: number): string | undefined {
  try {
    return strictUtf8.decode(bytes.subarray(keyStart[row]!, keyEnd[row]!))
  } catch {
    return undefined
  }
}

/** Has a key count as a string, or as a number: the canonical bytes of 17 and "17" are the same. */
function convert(columns: RecordColumns, row: number, as: 'string' | 'number'): Status {
  const { flags } = columns
  const isNumber = (flags[row]! & rowFlags.keyIsNumber) !== 0
  const inExtra = flags[row]! & rowFlags.keyInExtra
  if (isNumber === (as === 'number')) return Status.OK
  if (as === 'string') {
    flags[row] = inExtra
    return Status.OK
  }
  const { bytes, extra, keyStart, keyEnd } = columns
  const text = Buffer.from((inExtra ? extra.bytes : bytes).subarray(keyStart[row]!, keyEnd[row]!)).toString('latin1')
  if (!jsonNumber.test(text))
    return refuse(columns, row, Status.KEY_TYPE, 'the merge key is a string that is no number')
  const canonical = canonicalNumber(text)
  if (canonical === text) flags[row] = inExtra | rowFlags.keyIsNumber
  else {
    keepKey(columns, row, canonical)
    flags[row]! |= rowFlags.keyIsNumber
  }
  return Status.OK
}

/** Keeps a canonical key of ASCII that is made here. */
function keepKey({ extra, keyStart, keyEnd, flags }: RecordColumns, row: number, key: string): void {
  keyStart[row] = extra.append(Buffer.from(key, 'latin1'))
  keyEnd[row] = extra.length
  flags[row] = rowFlags.keyInExtra
}
