import type { ColdIndex, RecordColumns } from '../../kernel/index.ts'

/** Cold parts that are read again, all of each row: where they are, and by which hashes their rows are known. */
export class Recall {
  readonly #index: ColdIndex
  readonly #hashes: (readonly [low: number, high: number])[] = []
  /** By number of the partition. */
  readonly #wanted = new Map<number, Map<number, number>>()
  #partCount = 0
  #takenCount = 0

  constructor(index: ColdIndex) {
    this.#index = index
  }

  /** Parts that are to come. */
  get partCount(): number {
    return this.#partCount
  }

  /** Those that have come. */
  get takenCount(): number {
    return this.#takenCount
  }

  /** Whether all have come. */
  get isWhole(): boolean {
    return this.#takenCount === this.#partCount
  }

  /** The rows, by their hashes. */
  get hashes(): readonly (readonly [low: number, high: number])[] {
    return this.#hashes
  }

  /** Those that have not come: by number of the partition, their sides by their offsets. */
  get wanted(): ReadonlyMap<number, ReadonlyMap<number, number>> {
    return this.#wanted
  }

  /** Whether a part has to come. */
  has(partition: number, offset: number): boolean {
    return this.#wanted.get(partition)?.has(offset) === true
  }

  /** Adds the parts of a row that is cold, unless it has them. */
  add(low: number, high: number): void {
    let isKnown = true
    this.#index.partsOf(low, high, (partition, offset, _timestamp, side) => {
      if (this.has(partition, offset)) return
      isKnown = false
      this.#partCount++
      const offsets = this.#wanted.get(partition)
      if (offsets === undefined) this.#wanted.set(partition, new Map([[offset, side]]))
      else offsets.set(offset, side)
    })
    if (!isKnown) this.#hashes.push([low, high])
  }

  /** Parts have come. */
  take(columns: RecordColumns): void {
    for (let row = 0; row < columns.count; row++) {
      if (this.#wanted.get(columns.numberOf(row))?.delete(columns.offset[row]!) === true) this.#takenCount++
    }
  }
}
