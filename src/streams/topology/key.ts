import { TopologyError } from '../../core/errors.ts'
import { type ConvertedField, type Field, pathText } from './field.ts'
import type { RecordView } from './record-view.ts'

/** The key of the record as merge key; `recordKey` makes it. */
export interface RecordKey {
  readonly kind: 'recordKey'
  readonly as: KeyEncoding
}

/** A header of the record as merge key; `header` makes it. */
export interface HeaderKey {
  readonly kind: 'header'
  readonly name: string
  readonly as: KeyEncoding
}

/**
 * What the bytes of a record's key, or of a header, are: `text` is UTF-8 and makes a string, `json` a string or number
 * in JSON; `base64` makes a string of any bytes.
 */
export type KeyEncoding = 'text' | 'json' | 'base64'

/**
 * Makes the merge key of a record. It has to make the same of the same record, and must not return a promise. A record
 * for which it returns null or undefined has no key.
 */
export type KeyFunction = KeyMethod['make']

/** As a method, so that a function may say itself what its value is. */
interface KeyMethod {
  make(value: unknown, record: RecordView): string | number | null | undefined
}

/** Where the merge key of a record stands, or what makes it. */
export type Key = Field | ConvertedField | RecordKey | HeaderKey | KeyFunction

const encodings: readonly KeyEncoding[] = ['text', 'json', 'base64']

/**
 * The key of the record, not a field of its value, as merge key. A record without one becomes a dead letter, and so
 * does one whose key is not what `as` says.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for an unknown encoding.
 */
export function recordKey(as: KeyEncoding = 'text'): RecordKey {
  checkEncoding('recordKey', as)
  return { kind: 'recordKey', as }
}

/**
 * A header of the record as merge key: of several with the name, the last.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for an unknown encoding.
 */
export function header(name: string, as: KeyEncoding = 'text'): HeaderKey {
  checkEncoding(`header(${JSON.stringify(name)})`, as)
  return { kind: 'header', name, as }
}

function checkEncoding(what: string, as: KeyEncoding): void {
  if (encodings.includes(as)) return
  const known = encodings.map((encoding) => `"${encoding}"`).join(', ')
  throw new TopologyError('TOPOLOGY_INVALID', `${what} is to be read as ${JSON.stringify(as)}; it may be ${known}`, {})
}

/** A key for a person. */
export function keyText(key: Key): string {
  if (typeof key === 'function') return 'what a function makes'
  switch (key.kind) {
    case 'field':
      return `field ${pathText(key.path)}`
    case 'convertedField':
      return `field ${pathText(key.path)} as a ${key.as}`
    case 'recordKey':
      return `the key of the record (${key.as})`
    case 'header':
      return `header ${key.name} (${key.as})`
  }
}
