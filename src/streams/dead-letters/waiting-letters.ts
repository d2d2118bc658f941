import type { StoredPart } from '../../kernel/index.ts'
import type { RecordOfPart } from '../tasks/record-of-part.ts'

/** What letters need to know of parts: which these are. */
export type LetterPart = Pick<StoredPart, 'partition' | 'offset'>

/** By number of the partition, the offsets of parts. */
export type OffsetsOfParts = ReadonlyMap<number, ReadonlySet<number>>

/** The record that a part was made from; undefined where that is not known. */
export type RecordOf = (part: LetterPart) => RecordOfPart | undefined

/**
 * Dead letters of the current epoch that are of routed parts in the table, which does not have the places of their
 * records. They are written at the border of the epoch, when these have been looked up.
 *
 * State: the letters. They are those of one life, so a rollback forgets them with all that it has written.
 */
export class WaitingLetters {
  #letters: { readonly parts: readonly LetterPart[]; readonly write: (recordOf: RecordOf) => void }[] = []
  #bytes = 0

  /** Memory that they take, about. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#letters.length === 0
  }

  /** @param write - Writes the letter. */
  add(parts: readonly LetterPart[], bytes: number, write: (recordOf: RecordOf) => void): void {
    this.#letters.push({ parts, write })
    this.#bytes += bytes
  }

  /** Writes all, in their order. @param find - Looks up the records of parts. */
  async write(find: (wanted: OffsetsOfParts) => Promise<RecordOf>): Promise<void> {
    const wanted = new Map<number, Set<number>>()
    for (const { partition, offset } of this.#letters.flatMap(({ parts }) => parts)) {
      const offsets = wanted.get(partition)
      if (offsets === undefined) wanted.set(partition, new Set([offset]))
      else offsets.add(offset)
    }
    const recordOf = await find(wanted)
    for (const { write } of this.#letters) write(recordOf)
    this.#letters = []
    this.#bytes = 0
  }
}
