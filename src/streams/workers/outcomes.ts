/**
 * What has become of the rows of a slice, as it comes back from a worker thread: an outcome, a reason and the end of what
 * was made for each row, and then the bytes that were made. Those of several slices lie one after the other, behind the
 * slices in their buffer, or in a larger one where they have no room there. It goes back and forth, so that nothing of it
 * has to be made anew.
 */
import { GrowableBytes } from '../../kernel/index.ts'

/** What a function made of a row. */
export const outcome = {
  /** Nothing that has an effect: the row goes on as it is. */
  none: 0,
  /** JSON, which stands among the bytes. */
  made: 1,
  /** No value. */
  madeNull: 2,
  filtered: 3,
  /** A dead letter, for the reason of the row. */
  refused: 4,
  /** The attempt has failed. */
  failed: 5,
} as const

/** A row on which the function failed. */
export interface FailedRow {
  readonly row: number
  readonly error: unknown
  /** Whether it was a `PermanentFailure`. */
  readonly isPermanent: boolean
}

/** What comes back for a slice. Rows count from its start. */
export interface SliceAnswer {
  /** Where its outcomes begin. */
  readonly start: number
  /** Texts of dead letters that have more to say than their reason. */
  readonly causes: readonly (readonly [row: number, cause: string])[]
  readonly failures: readonly FailedRow[]
  /** The first integer that the thread has seen lose digits; absent later. */
  readonly lost: { readonly offset: number; readonly written: string } | undefined
  /** Milliseconds that the thread took. */
  readonly tookMs: number
}

const bytesPerRow = 4 + 1 + 1

/** Gathers what becomes of rows, slice by slice and in their order. */
export class OutcomeWriter {
  readonly #memory = new GrowableBytes(0)
  #start = 0
  #count = 0
  #row = 0

  /** The outcomes that follow go into these bytes, all of a buffer, from `length` on. */
  open(bytes: Uint8Array, length: number): void {
    this.#memory.open(bytes, length)
  }

  /** @returns where the outcomes of a slice of so many rows begin. */
  begin(count: number): number {
    // The ends are integers of four bytes.
    const start = Math.ceil(this.#memory.length / 4) * 4
    const end = start + bytesPerRow * count
    this.#memory.reserve(end - this.#memory.length)
    this.#memory.length = end
    this.#start = start
    this.#count = count
    this.#row = 0
    return start
  }

  /** @param end - How many bytes of the slice have been made with this row. */
  add(kind: number, reason: number, end: number): void {
    const { bytes, view } = this.#memory
    const row = this.#row++
    view.setInt32(this.#start + 4 * row, end, true)
    bytes[this.#start + 4 * this.#count + row] = kind
    bytes[this.#start + 5 * this.#count + row] = reason
  }

  /** @param made - The bytes that were made of the slice. */
  end(made: Uint8Array): void {
    this.#memory.append(made)
  }

  /** The bytes that all that was gathered is in. */
  finish(): Uint8Array {
    return this.#memory.bytes
  }
}

/** What has become of the rows of a slice, by their place in it; only until its bytes are used again. */
export class Outcomes {
  readonly kinds: Uint8Array
  readonly reasons: Uint8Array
  /** How many of the bytes were made with each row and those before it. */
  readonly ends: Int32Array
  readonly made: Uint8Array
  readonly causes: SliceAnswer['causes']
  readonly failures: ReadonlyMap<number, unknown>

  constructor(
    bytes: Uint8Array,
    count: number,
    { start, causes }: Pick<SliceAnswer, 'start' | 'causes'>,
    failures: ReadonlyMap<number, unknown>,
  ) {
    const madeStart = start + bytesPerRow * count
    this.ends = new Int32Array(bytes.buffer, start, count)
    this.kinds = bytes.subarray(start + 4 * count, start + 5 * count)
    this.reasons = bytes.subarray(start + 5 * count, madeStart)
    this.made = bytes.subarray(madeStart, madeStart + this.ends[count - 1]!)
    this.causes = causes
    this.failures = failures
  }
}
