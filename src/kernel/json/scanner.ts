import { type FieldTree, fieldTree, UNTRACKED } from './field-tree.ts'
import { fractionEnd, integerEnd, isFractionOrExponent } from './number.ts'
import { Status } from './status.ts'
import { hasEscape, plainEnd, stringEnd } from './string.ts'
import { plainDigitsMax, ValueKind } from './value-kind.ts'

const { OK, NOT_JSON, NOT_UTF8, TOO_DEEP, NOT_AN_OBJECT } = Status
const { MISSING, PLAIN_STRING, ESCAPED_STRING, PLAIN_INTEGER, NUMBER, OBJECT, ARRAY, TRUE, FALSE, NULL } = ValueKind

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const SPACE = 0x20

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Finds fields in JSON bytes without parsing them, with the semantics of `JSON.parse`: of two members with one name the
 * last counts, names compare after unescaping, and the whole record is checked. After a `scan` that returned `OK`,
 * `starts`, `ends` and `kinds` tell of each field where its value lies (quotes included) and what it is; `starts` and `ends`
 * of a missing field are -1. After any other status their content means nothing.
 *
 * **How.** One loop over values with an explicit stack of open containers; each container carries the node of the field
 * tree that its path leads to, so names are looked up only where a field can be. Cost: about one nanosecond a byte.
 *
 * **Why it cannot run away.** A record is scanned only if its last byte (white space aside) is a closing brace. Numbers,
 * literals, white space and punctuation all stop at that byte at the latest, strings are bounded by `end`, and a closed
 * container is checked against `end`. So no other step needs a bound.
 */
export class Scanner {
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly kinds: Uint8Array
  readonly #tree: FieldTree
  readonly #depthMax: number
  /** For each open container, the closing byte and the node of the one around it. */
  readonly #closers: Uint8Array
  readonly #nodes: Int32Array

  /**
   * @param paths - At most 32 distinct paths; each is the names from the record down to the field.
   * @param options.depthMax - Most containers within one another, the record included.
   */
  constructor(paths: readonly (readonly string[])[], { depthMax = 512 }: { depthMax?: number } = {}) {
    this.#tree = fieldTree(paths)
    this.#depthMax = depthMax
    this.starts = new Int32Array(paths.length)
    this.ends = new Int32Array(paths.length)
    this.kinds = new Uint8Array(paths.length)
    this.#closers = new Uint8Array(depthMax + 1)
    this.#nodes = new Int32Array(depthMax + 1)
  }

  /**
   * Scans the record from `start` to `end`.
   *
   * @param view - Over exactly the memory of `bytes`.
   */
  scan(bytes: Uint8Array, view: DataView, start: number, end: number): Status {
    let last = end - 1
    while (last >= start && isSpace(bytes[last]!)) last--
    if (last < start) return NOT_JSON
    if (bytes[last] !== CLOSE_BRACE) return notAnObject(bytes, start, end)
    const at = spaceEnd(bytes, start)
    if (bytes[at] !== OPEN_BRACE) return notAnObject(bytes, start, end)
    for (let field = 0; field < this.kinds.length; field++) this.#forget(field)
    const behind = this.#object(bytes, view, at, last + 1)
    if (behind < 0) return -behind as Status
    return behind === last + 1 ? OK : NOT_JSON
  }

  /** Scans the object that begins at `start`. Returns the place behind it, or a negated status. */
  #object(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const { fields, names, firstChildren, below } = this.#tree
    let at = start
    let depth = 0
    let closer = 0
    let node = UNTRACKED // of the innermost open container
    let target = 0 // of the value that comes next
    for (;;) {
      const field = target === UNTRACKED ? -1 : fields[target]!
      if (field >= 0) this.starts[field] = at
      let kind: ValueKind
      let byte = bytes[at]!
      let opened = false
      if (byte === QUOTE) {
        const plain = plainEnd(bytes, view, at + 1, end)
        if (plain < end && bytes[plain] === QUOTE) {
          kind = PLAIN_STRING
          at = plain + 1
        } else {
          const behind = stringEnd(bytes, view, plain, end)
          if (behind < 0) return behind
          kind = field >= 0 && hasEscape(bytes, at, behind) ? ESCAPED_STRING : PLAIN_STRING
          at = behind
        }
      } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
        const behind = integerEnd(bytes, view, at)
        if (behind < 0) return behind
        kind = isPlainInteger(bytes, at, behind) ? PLAIN_INTEGER : NUMBER
        at = behind
        if (isFractionOrExponent(bytes[at]!)) {
          at = fractionEnd(bytes, view, at)
          if (at < 0) return at
          kind = NUMBER
        }
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        kind = byte === OPEN_BRACE ? OBJECT : ARRAY
        at = spaceEnd(bytes, at + 1)
        const close = byte + 2
        if (depth === this.#depthMax) return -TOO_DEEP
        if (bytes[at] === close) at++
        else {
          this.#closers[depth] = closer
          this.#nodes[depth] = node
          depth++
          closer = close
          node = target
          opened = true
        }
      } else {
        const behind = literalEnd(bytes, at)
        if (behind < 0) return behind
        kind = byte === 0x74 ? TRUE : byte === 0x66 ? FALSE : NULL
        at = behind
      }
      if (field >= 0) {
        this.kinds[field] = kind
        this.ends[field] = at
      }

      if (!opened) {
        for (;;) {
          if (depth === 0) return at
          byte = bytes[at]!
          if (byte <= SPACE) {
            at = spaceEnd(bytes, at)
            byte = bytes[at]!
          }
          at++
          if (byte === COMMA) break
          if (byte !== closer) return -NOT_JSON
          if (node !== UNTRACKED && fields[node]! >= 0) this.ends[fields[node]!] = at
          depth--
          closer = this.#closers[depth]!
          node = this.#nodes[depth]!
          if (at === end && depth > 0) return -NOT_JSON
        }
        at = spaceEnd(bytes, at)
      }

      target = UNTRACKED
      if (closer === CLOSE_BRACE) {
        if (bytes[at] !== QUOTE) return -NOT_JSON
        const nameStart = at + 1
        const plain = plainEnd(bytes, view, nameStart, end)
        if (plain < end && bytes[plain] === QUOTE) {
          at = plain + 1
          if (node !== UNTRACKED) target = names[node]!.find(bytes, view, nameStart, plain)
        } else {
          at = stringEnd(bytes, view, plain, end)
          if (at < 0) return at
          if (node !== UNTRACKED) target = names[node]!.findEscaped(bytes, nameStart, at - 1)
        }
        if (target >= 0) {
          target += firstChildren[node]!
          for (const field of below[target]!) this.#forget(field)
        }
        at = spaceEnd(bytes, at)
        if (bytes[at] !== COLON) return -NOT_JSON
        at = spaceEnd(bytes, at + 1)
      }
    }
  }

  #forget(field: number): void {
    this.starts[field] = -1
    this.ends[field] = -1
    this.kinds[field] = MISSING
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** The first place from `from` on without white space; there is one. */
function spaceEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (isSpace(bytes[at]!)) at++
  return at
}

/** The place behind the literal at `at`, or a negated status. */
function literalEnd(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === 0x74) return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -NOT_JSON
  if (byte === 0x6e) return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -NOT_JSON
  if (byte !== 0x66 || bytes[at + 1] !== 0x61) return -NOT_JSON
  return bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65 ? at + 5 : -NOT_JSON
}

/** Whether an integer as spelled is canonical: not `-0`, nor too long. */
function isPlainInteger(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === MINUS ? bytes[start + 1] !== ZERO && end - start <= plainDigitsMax + 1 : end - start <= plainDigitsMax
}

/** Says why a record is no object. It is a dead letter in any case, so the cost of parsing it does not matter. */
function notAnObject(bytes: Uint8Array, start: number, end: number): Status {
  let text: string
  try {
    text = strictUtf8.decode(bytes.subarray(start, end))
  } catch {
    return NOT_UTF8
  }
  try {
    JSON.parse(text)
    return NOT_AN_OBJECT
  } catch {
    return NOT_JSON
  }
}
