import { canonicalNumber } from './canonical-number.ts'
import { Status } from './status.ts'
import { unescapeInto } from './unescape.ts'
import { ValueKind } from './value-kind.ts'

const { OK, KEY_MISSING, KEY_TYPE, KEY_TOO_LONG } = Status
const { MISSING, PLAIN_STRING, ESCAPED_STRING, PLAIN_INTEGER, NUMBER } = ValueKind

/** Tells the string `"1"` from the number `1`, whose canonical bytes are the same. */
export const KeyTag = { STRING: 0, NUMBER: 1 } as const

export type KeyTag = (typeof KeyTag)[keyof typeof KeyTag]

const latin1 = new TextDecoder('latin1')
const utf8 = new TextEncoder()

/**
 * Reads merge keys in canonical form: two keys are the same JSON value if and only if tag and canonical bytes are
 * equal. Of a string these are its content in WTF-8, of a number the digits that `canonicalNumber` gives.
 *
 * The usual spellings are canonical as they stand and are not copied; the others are appended to `scratch`, where they
 * stay until `clear`, so that the keys of a whole pass can be held as places. One reader serves one pass at a time.
 */
export class MergeKeyReader {
  tag: KeyTag = KeyTag.STRING
  /** Where the canonical bytes of the key last read begin and end: in the record's bytes, or in `scratch`. */
  start = 0
  end = 0
  /** False also means that the canonical bytes, quoted again if they are a string, are the key's spelling. */
  inScratch = false
  /** Replaced when it grows, with its content; look it up anew after each `read`. */
  scratch = new Uint8Array(4096)
  readonly #spellingBytesMax: number
  #scratchUsed = 0

  /**
   * @param options.spellingBytesMax - Longest key as spelled in the record, quotes included; bounds what a key can
   * cost.
   */
  constructor({ spellingBytesMax = 1024 }: { spellingBytesMax?: number } = {}) {
    this.#spellingBytesMax = spellingBytesMax
  }

  /** Forgets the keys in `scratch`. */
  clear(): void {
    this.#scratchUsed = 0
  }

  /** Reads the key that a scanner found from `start` to `end`. */
  read(bytes: Uint8Array, start: number, end: number, kind: ValueKind): Status {
    if (kind === MISSING) return KEY_MISSING
    if (kind > NUMBER) return KEY_TYPE
    if (end - start > this.#spellingBytesMax) return KEY_TOO_LONG
    if (kind === PLAIN_STRING) return this.#asSpelled(KeyTag.STRING, start + 1, end - 1)
    if (kind === PLAIN_INTEGER) return this.#asSpelled(KeyTag.NUMBER, start, end)
    if (kind === ESCAPED_STRING) return this.#unescaped(bytes, start + 1, end - 1)
    return this.#number(bytes, start, end)
  }

  #asSpelled(tag: KeyTag, start: number, end: number): Status {
    this.tag = tag
    this.start = start
    this.end = end
    this.inScratch = false
    return OK
  }

  #unescaped(bytes: Uint8Array, start: number, end: number): Status {
    this.#reserve(end - start)
    return this.#appended(KeyTag.STRING, unescapeInto(this.scratch, this.#scratchUsed, bytes, start, end))
  }

  #number(bytes: Uint8Array, start: number, end: number): Status {
    const spelling = latin1.decode(bytes.subarray(start, end))
    const canonical = canonicalNumber(spelling)
    if (canonical === spelling) return this.#asSpelled(KeyTag.NUMBER, start, end)
    this.#reserve(canonical.length)
    utf8.encodeInto(canonical, this.scratch.subarray(this.#scratchUsed))
    return this.#appended(KeyTag.NUMBER, this.#scratchUsed + canonical.length)
  }

  #appended(tag: KeyTag, end: number): Status {
    this.tag = tag
    this.start = this.#scratchUsed
    this.end = end
    this.inScratch = true
    this.#scratchUsed = end
    return OK
  }

  #reserve(length: number): void {
    if (this.#scratchUsed + length <= this.scratch.length) return
    const grown = new Uint8Array(2 * (this.#scratchUsed + length))
    grown.set(this.scratch.subarray(0, this.#scratchUsed))
    this.scratch = grown
  }
}
