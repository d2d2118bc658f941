import { assert } from '../../core/assert.ts'
import { Byte } from './byte.ts'
import { contentBytes } from './quote.ts'
import { unescapeInto } from './unescape.ts'
import { ValueKind } from './value-kind.ts'

const { QUOTE } = Byte
const { PLAIN_STRING, ESCAPED_STRING } = ValueKind

/** An entry of the table: index of the name plus one, head, length, scope and where its content begins. */
const ENTRY = 8

/**
 * A fixed set of names that are recognised in JSON bytes: the fields of objects, the stages of a route.
 *
 * An open-addressing table over the head of a name, which is its opening quote and first three bytes. Most names that
 * are not in the table are refused by one load, the others cost a comparison of four bytes at a time.
 */
export class NameTable {
  /** At most an eighth of the places is taken; a place whose first number is 0 is free and ends the search. */
  readonly #entries: Int32Array
  readonly #mask: number
  /** The names as JSON has them, between quotes. */
  readonly #names: DataView
  /** Room for every string with escapes that can be one of the names: a byte of content is spelled with at most six. */
  readonly #unescaped: Uint8Array
  readonly #unescapedView: DataView

  /**
   * @param names - Distinct within a scope; the position of each is what `find` returns.
   * @param scopes - The scope of each name.
   */
  constructor(names: readonly string[], scopes: readonly number[] = names.map(() => 0)) {
    const contents = names.map(contentBytes)
    const longest = contents.reduce((most, content) => Math.max(most, content.length), 0)
    const bytes = new Uint8Array(contents.reduce((sum, content) => sum + content.length + 2, 1)).fill(QUOTE)
    this.#names = new DataView(bytes.buffer)
    this.#unescaped = new Uint8Array(6 * longest + 4).fill(QUOTE)
    this.#unescapedView = new DataView(this.#unescaped.buffer)
    this.#entries = new Int32Array((8 * ENTRY) << (32 - Math.clz32(names.length)))
    this.#mask = this.#entries.length - 1
    let start = 1
    contents.forEach((content, index) => {
      const { length } = content
      const scope = scopes[index]!
      bytes.set(content, start)
      assert(this.find(this.#names, start, start + length, scope) === -1, 'the names of a table are distinct')
      const head = headOf(this.#names, start, length)
      let place = home(head, length, scope) & this.#mask
      while (this.#entries[place] !== 0) place = (place + ENTRY) & this.#mask
      this.#entries.set([index + 1, head, length, scope, start], place)
      start += length + 2
    })
  }

  /**
   * The index of the name that a string without escapes holds, or -1.
   *
   * @param start - Where the content begins, behind the opening quote.
   * @param end - Where the content ends, at the closing quote; behind it at least one more byte of memory follows.
   */
  find(view: DataView, start: number, end: number, scope: number): number {
    const length = end - start
    const head = headOf(view, start, length)
    const entries = this.#entries
    const mask = this.#mask
    let place = home(head, length, scope) & mask
    for (;;) {
      const index = entries[place]! - 1
      if (index < 0) return -1
      if (
        entries[place + 1] === head &&
        entries[place + 2] === length &&
        entries[place + 3] === scope &&
        equals(this.#names, entries[place + 4]!, view, start, length)
      ) {
        return index
      }
      place = (place + ENTRY) & mask
    }
  }

  /** The index of the name that a string with escapes, given by its content, spells; or -1. */
  findEscaped(bytes: Uint8Array, start: number, end: number, scope: number): number {
    if (end - start > this.#unescaped.length - 4) return -1
    const close = unescapeInto(this.#unescaped, 1, bytes, start, end)
    this.#unescaped[close] = QUOTE
    return this.find(this.#unescapedView, 1, close, scope)
  }

  /** The index of the name that a value found by a scanner holds, or -1, which is also the answer for other kinds. */
  findValue(bytes: Uint8Array, view: DataView, start: number, end: number, kind: ValueKind, scope = 0): number {
    if (kind === PLAIN_STRING) return this.find(view, start + 1, end - 1, scope)
    return kind === ESCAPED_STRING ? this.findEscaped(bytes, start + 1, end - 1, scope) : -1
  }
}

/** The opening quote and the first three bytes; of a shorter name nothing behind its closing quote. */
function headOf(view: DataView, start: number, length: number): number {
  if (length > 1) return view.getInt32(start - 1, true)
  return length === 0 ? 0 : view.getInt32(start - 1, true) & 0xffffff
}

function home(head: number, length: number, scope: number): number {
  return (Math.imul(head ^ length ^ (scope << 8), 0x9e3779b1) >>> 12) * ENTRY
}

/** Compares from the closing quote backwards, as far as the head does not reach. */
function equals(names: DataView, known: number, view: DataView, start: number, length: number): boolean {
  for (let at = length - 3; at >= 0; at -= 4) {
    if (names.getInt32(known + at, true) !== view.getInt32(start + at, true)) return false
  }
  return true
}
