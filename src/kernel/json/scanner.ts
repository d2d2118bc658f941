import { Byte, byteSet } from './byte.ts'
import { type FieldTree, fieldsMax, fieldTree, UNTRACKED } from './field-tree.ts'
import { Status } from './status.ts'
import { hasEscape, plainEnd, stringEnd } from './string.ts'
import { plainDigitsMax, ValueKind } from './value-kind.ts'

const { OK, NOT_JSON, NOT_UTF8, TOO_DEEP, NOT_AN_OBJECT } = Status
const { MISSING, PLAIN_STRING, ESCAPED_STRING, PLAIN_INTEGER, NUMBER, OBJECT, ARRAY, TRUE, FALSE, NULL } = ValueKind
const { SPACE, QUOTE, PLUS, COMMA, MINUS, POINT, ZERO, NINE, COLON } = Byte
const { OPEN_BRACKET, LOWER_E, OPEN_BRACE, CLOSE_BRACE } = Byte

/** The first four letters of each literal, as a little-endian word. */
const TRUE_WORD = 0x65757274
const NULL_WORD = 0x6c6c756e
const FALS_WORD = 0x736c6166

const whitespace = byteSet(' \t\n\r')

/** Why the loop over values paused: at a string that is not plain, as a name or as a value. */
const AT_NAME = -1
const AT_VALUE = -2

/** What the stack holds of an open container: its closing byte, the scope of its names and the field it is. */
const FRAME = 3

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Finds fields in JSON bytes without parsing them, with the semantics of `JSON.parse`: of two members with one name the
 * last counts, names compare after unescaping, and the whole record is checked. After a `scan` that returned `OK`,
 * `starts`, `ends` and `kinds` tell of each field where its value lies (quotes included) and what it is; `starts` and
 * `ends` of a missing field are -1. After any other status their content means nothing.
 *
 * **How.** One loop over values with a stack of open containers. Each container has the scope, in the tree of field
 * paths, in which the names of its members are looked up; most have none.
 *
 * **Why it cannot run away.** A record is scanned only if its last byte is a closing brace or bracket. Numbers, literals,
 * white space and punctuation all stop at that byte at the latest, strings are bounded by `end`, and after each closing
 * byte `end` is checked. So no other step needs a bound.
 *
 * **Why it is one long function.** The loop makes no call that the compiler does not inline, so what it needs stays in
 * registers; one rare call inside it, measured, cost an eighth of the time. What is rare makes it pause instead: strings
 * that hold escapes or more than ASCII are read outside, and the loop goes on behind them.
 */
export class Scanner {
  readonly starts = new Int32Array(fieldsMax)
  readonly ends = new Int32Array(fieldsMax)
  readonly kinds = new Int32Array(fieldsMax)
  readonly #tree: FieldTree
  readonly #frames: Int32Array
  // Where the loop paused, and goes on.
  #at = 0
  #top = FRAME
  #node = UNTRACKED
  #field = -1
  #kind: ValueKind = MISSING

  /**
   * @param paths - At most 32 distinct paths; each is the names from the record down to the field.
   * @param options.depthMax - Most containers within one another, the record included.
   */
  constructor(paths: readonly (readonly string[])[], { depthMax = 512 }: { depthMax?: number } = {}) {
    this.#tree = fieldTree(paths)
    // The first frame is that of the record itself, which no byte closes.
    this.#frames = new Int32Array(FRAME * (depthMax + 1))
    this.#frames.set([0, this.#tree.root, -1])
  }

  /**
   * Scans the record from `from` to `to`.
   *
   * @param view - Over exactly the memory of `bytes`, which is less than 2 GiB.
   * @returns `OK`, or the first reason met why the record is refused.
   */
  scan(bytes: Uint8Array, view: DataView, from: number, to: number): Status {
    let start = from
    while (start < to && isSpace(bytes[start]!)) start++
    let end = to
    while (end > start && isSpace(bytes[end - 1]!)) end--
    const first = bytes[start]!
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return scalarStatus(bytes, from, to)
    if (start === end || bytes[end - 1] !== first + 2) return NOT_JSON
    let stop = this.#advance(bytes, view, start, end, false)
    while (stop < 0) {
      const status = this.#readString(bytes, view, end, stop === AT_NAME)
      if (status !== OK) return status
      stop = this.#advance(bytes, view, this.#at, end, true)
    }
    return stop === OK && first === OPEN_BRACKET ? NOT_AN_OBJECT : (stop as Status)
  }

  /**
   * Scans from `from`, where the record begins or where it was paused, until the record's end, which gives its status,
   * or until it pauses, which gives `AT_NAME` or `AT_VALUE`.
   */
  #advance(bytes: Uint8Array, view: DataView, from: number, to: number, isResumed: boolean): number {
    const { starts, ends, kinds } = this
    const { root, fields, names, scopes, below, belowStarts } = this.#tree
    const frames = this.#frames
    // `| 0` tells the compiler that these are 32-bit integers, which spares conversions and checks at each use.
    const end = to | 0
    const wordsEnd = Math.min(end, bytes.length - 3) | 0
    let at = from | 0
    let top = FRAME
    // Of the value at hand; `kind` is missing until its end is known, and `at` is there from then on.
    let node = root
    let field = -1
    let kind: ValueKind = MISSING
    if (isResumed) {
      top = this.#top
      node = this.#node
      field = this.#field
      kind = this.#kind
    }
    for (;;) {
      value: {
        if (kind === MISSING) {
          if (frames[top - FRAME] === CLOSE_BRACE) {
            while (isSpace(bytes[at]!)) at++
            if (bytes[at] !== COLON) return NOT_JSON
            at++
            while (isSpace(bytes[at]!)) at++
          }
          field = -1
          if (node !== UNTRACKED) {
            // Nothing is found yet of what lies below; so of members with one name the last counts, with all in it.
            for (let i = belowStarts[node]!; i < belowStarts[node + 1]!; i++) {
              starts[below[i]!] = -1
              ends[below[i]!] = -1
              kinds[below[i]!] = MISSING
            }
            field = fields[node]!
            if (field >= 0) starts[field] = at
          }

          let byte = bytes[at]!
          if (byte === QUOTE) {
            const close = plainEnd(view, at + 1, wordsEnd)
            if (close >= wordsEnd || bytes[close] !== QUOTE) {
              this.#pause(at, top, node, field)
              return AT_VALUE
            }
            kind = PLAIN_STRING
            at = close + 1
          } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
            if (top === frames.length) return TOO_DEEP
            const closer = byte + 2
            frames[top] = closer
            frames[top + 1] = byte === OPEN_BRACE ? scopes[node]! : UNTRACKED
            frames[top + 2] = field
            top += FRAME
            kind = byte === OPEN_BRACE ? OBJECT : ARRAY
            at++
            while (isSpace(bytes[at]!)) at++
            if (bytes[at] !== closer) {
              if (field >= 0) kinds[field] = kind
              break value
            }
          } else if (byte <= NINE) {
            const first = byte === MINUS ? at + 1 : at
            at = first
            while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
            if (at === first || (bytes[first] === ZERO && at > first + 1)) return NOT_JSON
            const isNegativeZero = byte === MINUS && bytes[first] === ZERO
            kind = isNegativeZero || at - first > plainDigitsMax ? NUMBER : PLAIN_INTEGER
            if (bytes[at] === POINT) {
              const digits = at + 1
              at = digits
              while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
              if (at === digits) return NOT_JSON
              kind = NUMBER
            }
            if ((bytes[at]! | 0x20) === LOWER_E) {
              byte = bytes[at + 1]!
              const digits = byte === PLUS || byte === MINUS ? at + 2 : at + 1
              at = digits
              while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
              if (at === digits) return NOT_JSON
              kind = NUMBER
            }
          } else {
            const word = at < wordsEnd ? view.getInt32(at, true) : 0
            at += 4
            if (word === TRUE_WORD) kind = TRUE
            else if (word === NULL_WORD) kind = NULL
            else if (word === FALS_WORD && bytes[at++] === LOWER_E) kind = FALSE
            else return NOT_JSON
          }
        }
        if (field >= 0) {
          kinds[field] = kind
          ends[field] = at
        }

        // Behind a value: the containers that end here, then a comma.
        for (;;) {
          while (isSpace(bytes[at]!)) at++
          const byte = bytes[at]!
          at++
          if (byte === COMMA) break
          top -= FRAME
          if (byte !== frames[top]) return NOT_JSON
          if (frames[top + 2]! >= 0) ends[frames[top + 2]!] = at
          if (top === FRAME) return at === end ? OK : NOT_JSON
          if (at === end) return NOT_JSON
        }
        while (isSpace(bytes[at]!)) at++
      }

      kind = MISSING
      node = frames[top - 2]!
      if (frames[top - FRAME] === CLOSE_BRACE) {
        if (bytes[at] !== QUOTE) return NOT_JSON
        const close = plainEnd(view, at + 1, wordsEnd)
        if (close >= wordsEnd || bytes[close] !== QUOTE) {
          this.#pause(at, top, node, field)
          return AT_NAME
        }
        if (node !== UNTRACKED) node = names.find(view, at + 1, close, node) + 1
        at = close + 1
      }
    }
  }

  #pause(at: number, top: number, node: number, field: number): void {
    this.#at = at
    this.#top = top
    this.#node = node
    this.#field = field
  }

  /** Reads the string at which the loop paused; `#node` is the scope of a name. */
  #readString(bytes: Uint8Array, view: DataView, end: number, isName: boolean): Status {
    const start = this.#at + 1
    const behind = stringEnd(bytes, start, end)
    if (behind < 0) return -behind as Status
    const close = behind - 1
    const isEscaped = hasEscape(bytes, start, close)
    if (!isName) this.#kind = isEscaped ? ESCAPED_STRING : PLAIN_STRING
    else {
      this.#kind = MISSING
      const kind = isEscaped ? ESCAPED_STRING : PLAIN_STRING
      this.#node = this.#tree.names.findValue(bytes, view, start - 1, behind, kind, this.#node) + 1
    }
    this.#at = behind
    return OK
  }
}

// Small enough to be inlined without counting: a test of one byte at each place where white space may be.
function isSpace(byte: number): boolean {
  return byte <= SPACE && whitespace[byte] === 1
}

/** The status of a record that is neither object nor array. It is a dead letter in any case, so it may cost something. */
function scalarStatus(bytes: Uint8Array, start: number, end: number): Status {
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
