import type { Range } from './range.ts'

/** Gives the number that rows are looked up by; nothing for rows that are not to be found so. */
export type ZoneOf<Value> = (value: Value) => number | undefined

/**
 * The least and the greatest number of the rows in each segment of a table's memory, all kept versions included, so that
 * a search leaves out the segments where none can match.
 *
 * State: bounds, which grow with each version that is linked. They shrink when a search has read a segment in vain
 * into which something was written since it was last measured.
 */
export class ZoneMap<Value> {
  readonly of: ZoneOf<Value>
  readonly #least: number[] = []
  readonly #greatest: number[] = []
  readonly #isMeasured: boolean[] = []

  constructor(of: ZoneOf<Value>) {
    this.of = of
  }

  /** Segments from this one on have no rows. */
  get end(): number {
    return this.#least.length
  }

  add(segment: number, number: number | undefined): void {
    this.#reach(segment)
    this.#isMeasured[segment] = false
    if (number !== undefined) this.#widen(segment, number)
  }

  /** Sets the bounds of a segment anew, by the numbers of all versions that it has. */
  measure(segment: number, numbers: Iterable<number | undefined>): void {
    this.#least[segment] = Infinity
    this.#greatest[segment] = -Infinity
    for (const number of numbers) if (number !== undefined) this.#widen(segment, number)
    this.#isMeasured[segment] = true
  }

  isMeasured(segment: number): boolean {
    return this.#isMeasured[segment]!
  }

  #reach(segment: number): void {
    for (let next = this.end; next <= segment; next++) this.measure(next, [])
  }

  #widen(segment: number, number: number): void {
    this.#least[segment] = Math.min(this.#least[segment]!, number)
    this.#greatest[segment] = Math.max(this.#greatest[segment]!, number)
  }

  /** Whether a segment may have rows whose number is in a range. */
  mayMatch(
    segment: number,
    { from = -Infinity, after = -Infinity, to = Infinity, before = Infinity }: Range<number>,
  ): boolean {
    const [least, greatest] = [this.#least[segment]!, this.#greatest[segment]!]
    return least <= to && least < before && greatest >= from && greatest > after
  }
}
