import type { RecordColumns } from './columns.ts'
import { headersFrom, isText } from './record-headers.ts'

/**
 * Finds the last header of a name in one row after the other. It makes no object for a row, and takes some nanoseconds
 * for one whose headers have names and values of less than 64 bytes.
 */
export class HeaderFinder {
  /** Where the value begins that was found last, in the bytes of its columns, and its length. */
  start = 0
  length = 0
  readonly #name: string
  /** The first, second and last four bytes of the name, and where the second and the last begin. */
  readonly #words: readonly [number, number, number]
  readonly #places: readonly [number, number]

  /** @param name - ASCII, of 4 to 12 bytes, which are compared as three words that overlap. */
  constructor(name: string) {
    const bytes = Buffer.from(name)
    const places = [0, Math.min(4, bytes.length - 4), bytes.length - 4] as const
    this.#name = name
    this.#places = [places[1], places[2]]
    this.#words = [bytes.readInt32LE(0), bytes.readInt32LE(places[1]), bytes.readInt32LE(places[2])]
  }

  /** Whether a row has one with a value. Not where its headers cannot be read. */
  find(columns: RecordColumns, row: number): boolean {
    const { bytes } = columns
    const end = columns.recordEnd[row]!
    const nameLength = this.#name.length
    let at = columns.valueEnd[row]!
    // One byte tells a number below 64, as its double.
    let count = bytes[at++]!
    if (at > end || (count & 0x81) !== 0) return this.#findAnyhow(columns, row)
    let isFound = false
    for (; count > 0; count -= 2) {
      const length = bytes[at]!
      const valueAt = at + 1 + (length >> 1)
      const valueLength = bytes[valueAt]!
      const next = valueAt + 1 + (valueLength >> 1)
      // An odd number is below zero: there is none.
      if (next > end || ((length | valueLength) & 0x81) !== 0) return this.#findAnyhow(columns, row)
      if (length >> 1 === nameLength && this.#isName(columns.view, at + 1)) {
        isFound = true
        this.start = valueAt + 1
        this.length = valueLength >> 1
      }
      at = next
    }
    return isFound
  }

  #isName(view: DataView, at: number): boolean {
    const [first, second, last] = this.#words
    const [toSecond, toLast] = this.#places
    return (
      view.getInt32(at, true) === first &&
      view.getInt32(at + toSecond, true) === second &&
      view.getInt32(at + toLast, true) === last
    )
  }

  #findAnyhow(columns: RecordColumns, row: number): boolean {
    let isFound = false
    try {
      const cursor = headersFrom(columns, row)
      for (let count = cursor.varint(); count > 0; count--) {
        const isWanted = isText(cursor.sized(), this.#name)
        const value = cursor.sized()
        if (!isWanted) continue
        isFound = value !== undefined
        this.length = value?.length ?? 0
        this.start = cursor.at - this.length
      }
    } catch {
      return false
    }
    return isFound
  }
}
