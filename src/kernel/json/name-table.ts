import { assert } from '../../core/assert.ts'
import { contentBytes } from './quote.ts'
import { unescapeInto } from './unescape.ts'
import { ValueKind } from './value-kind.ts'

const { PLAIN_STRING, ESCAPED_STRING } = ValueKind

/**
 * A fixed set of names that are recognised in bytes: the fields of an object, the stages of a route.
 * An open-addressing table over length, first and last byte leaves at most a few candidates, mostly none or the one.
 */
export class NameTable {
  /** Index of a name plus one; 0 is an empty place, where the search ends. At most half of the places are taken. */
  readonly #places: Uint16Array
  readonly #mask: number
  readonly #starts: Int32Array
  readonly #lengths: Int32Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Room for the spellings with escapes that can be one of the names: a byte of content takes at most six. */
  readonly #unescaped: Uint8Array
  readonly #unescapedView: DataView

  /** @param names - At most 65,535 distinct strings; the index of each is what `find` returns. */
  constructor(names: readonly string[]) {
    assert(new Set(names).size === names.length && names.length < 0x10000, 'names are distinct and fit their indexes')
    const contents = names.map(contentBytes)
    this.#mask = (4 << (32 - Math.clz32(names.length))) - 1
    this.#places = new Uint16Array(this.#mask + 1)
    this.#starts = new Int32Array(names.length)
    this.#lengths = Int32Array.from(contents, (content) => content.length)
    this.#bytes = new Uint8Array(contents.reduce((sum, content) => sum + content.length, 0))
    this.#view = new DataView(this.#bytes.buffer)
    this.#unescaped = new Uint8Array(6 * this.#lengths.reduce((longest, length) => Math.max(longest, length), 0))
    this.#unescapedView = new DataView(this.#unescaped.buffer)
    let start = 0
    contents.forEach((content, index) => {
      this.#bytes.set(content, start)
      this.#starts[index] = start
      start += content.length
      let place = this.#home(content, 0, content.length)
      while (this.#places[place] !== 0) place = (place + 1) & this.#mask
      this.#places[place] = index + 1
    })
  }

  /** The index of the name whose content is the bytes from `start` to `end`, or -1. */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const length = end - start
    let place = this.#home(bytes, start, length)
    for (;;) {
      const index = this.#places[place]! - 1
      if (index < 0 || (this.#lengths[index] === length && this.#equals(this.#starts[index]!, bytes, view, start, length)))
        return index
      place = (place + 1) & this.#mask
    }
  }

  /** The index of the name that a string with escapes, given as the bytes between its quotes, spells; or -1. */
  findEscaped(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > this.#unescaped.length) return -1
    const length = unescapeInto(this.#unescaped, 0, bytes, start, end)
    return this.find(this.#unescaped, this.#unescapedView, 0, length)
  }

  /** The index of the name that a value found by a scanner holds, or -1, which is also the answer for any other kind. */
  findValue(bytes: Uint8Array, view: DataView, start: number, end: number, kind: ValueKind): number {
    if (kind === PLAIN_STRING) return this.find(bytes, view, start + 1, end - 1)
    return kind === ESCAPED_STRING ? this.findEscaped(bytes, start + 1, end - 1) : -1
  }

  #home(bytes: Uint8Array, start: number, length: number): number {
    if (length === 0) return 0
    const first = bytes[start]!
    const last = bytes[start + length - 1]!
    return (length + first + (last << 1)) & this.#mask
  }

  #equals(known: number, bytes: Uint8Array, view: DataView, start: number, length: number): boolean {
    if (length < 4) {
      for (let at = 0; at < length; at++) if (this.#bytes[known + at] !== bytes[start + at]) return false
      return true
    }
    // The last word overlaps the one before it, so no byte outside the name is looked at.
    const last = length - 4
    for (let at = 0; at < last; at += 4) {
      if (this.#view.getInt32(known + at, true) !== view.getInt32(start + at, true)) return false
    }
    return this.#view.getInt32(known + last, true) === view.getInt32(start + last, true)
  }
}
