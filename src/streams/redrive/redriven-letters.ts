import { duplicateReasons, isOfRow, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { lettersIn, type RedrivenLetter } from './letter-header.ts'

type LettersPartitions = Pick<SourcePartitions, 'isRedriven' | 'numberOf' | 'lanesOf'>

/** Letters that are kept before those that have left are looked for. */
const keptMin = 1_024

/**
 * What is known of the redriven letters on their way: functions see the record as it was in its source, and what is a
 * dead letter again says how often.
 *
 * State: by partition, under the number of its first lane, and offset, letters that have been read and are in an open
 * epoch, or pending. All that is read again is noted again.
 */
export class RedrivenLetters {
  readonly #partitions: LettersPartitions
  readonly #letters = new Map<number, Map<number, RedrivenLetter>>()
  #keptMax = keptMin

  constructor(partitions: LettersPartitions) {
    this.#partitions = partitions
  }

  /** Takes note of rows that have just been read, where they are redriven. */
  note(columns: RecordColumns): void {
    const { partition } = columns
    if (!this.#partitions.isRedriven(partition)) return
    const first = this.#partitions.lanesOf(partition)[0]!
    let letters = this.#letters.get(first)
    if (letters === undefined) this.#letters.set(first, (letters = new Map()))
    for (const [offset, letter] of lettersIn(columns)) letters.set(offset, letter)
    columns.origins = letters
  }

  /** The letter that was read there; undefined for a record of a source. */
  at(partition: number, offset: number): RedrivenLetter | undefined {
    if (this.#letters.size === 0) return undefined
    return this.#letters.get(this.#partitions.lanesOf(partition)[0]!)?.get(offset)
  }

  /**
   * Counts rows that the current epoch consumes: where they were dead letters they are redriven now. The first row of
   * several that are made of one stands for it; there is one at the index of each letter.
   *
   * @param startOffsets - Where the account begins, by partition: what became a letter before, in another layout, is in
   * none of its classes.
   */
  count(
    { partition, count, offset, lane }: RecordColumns,
    { deadLettered, redriven }: EpochCounts,
    startOffsets: readonly number[],
  ): void {
    const letters = this.#letters.get(partition)
    if (letters === undefined) return
    for (let row = 0; row < count; row++) {
      const letter = letters.get(offset[row]!)
      if (lane[row] !== (letter?.index ?? 0)) continue
      const number = letter && isDeadLettered(letter.reason) ? this.#partitions.numberOf(letter.consumed) : undefined
      if (number === undefined || letter!.consumed.offset < startOffsets[number]!) continue
      deadLettered[number]!--
      redriven[number]!++
    }
  }

  /** Forgets letters of which nothing will be asked any more, now and then. */
  forget(hasLeft: (partition: number, offset: number) => boolean): void {
    if (this.#size <= this.#keptMax) return
    for (const [partition, letters] of this.#letters) {
      const lanes = this.#partitions.lanesOf(partition)
      for (const offset of letters.keys()) if (lanes.every((lane) => hasLeft(lane, offset))) letters.delete(offset)
    }
    this.#keptMax = Math.max(keptMin, 2 * this.#size)
  }

  get #size(): number {
    let size = 0
    for (const letters of this.#letters.values()) size += letters.size
    return size
  }
}

/**
 * Whether the record of a letter is of the class `deadLettered`, and becomes `redriven`; duplicates and expired parts
 * stay what they are.
 */
export function isDeadLettered(reason: string): boolean {
  return !isOfRow(reason) && !duplicateReasons.has(Reason[reason as keyof typeof Reason])
}
