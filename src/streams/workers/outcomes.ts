/**
 * What has become of the rows of a slice, as it comes back from a worker thread: an outcome, a reason and the end of what
 * was made for each row, and then the bytes that were made. Those of several slices lie one after the other in one buffer,
 * which is given away.
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
  readonly #memory = new GrowableBytes(1 << 16)
  #start = 0
  #count = 0
  #row = 0

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

  /** All that was gathered, in a buffer of its own. */
  finish(): Uint8Array {
    const { bytes, length } = this.#memory
    this.#memory.clear()
    return bytes.slice(0, length)
  }
}

/** Reads what has become of the rows of a slice. */
export class Outcomes {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #count: number
  readonly #ends: Int32Array
  readonly #causes: ReadonlyMap<number, string>
  readonly #failures: ReadonlyMap<number, unknown>

  constructor(
    bytes: Uint8Array,
    count: number,
    { start, causes }: Pick<SliceAnswer, 'start' | 'causes'>,
    failures: ReadonlyMap<number, unknown>,
  ) {
    this.#bytes = bytes
    this.#start = start
    this.#count = count
    this.#ends = new Int32Array(bytes.buffer, start, count)
    this.#causes = new Map(causes)
    this.#failures = failures
  }

  kind(row: number): number {
    return this.#bytes[this.#start + 4 * this.#count + row]!
  }

  reason(row: number): number {
    return this.#bytes[this.#start + 5 * this.#count + row]!
  }

  cause(row: number): string | undefined {
    return this.#causes.get(row)
  }

  error(row: number): unknown {
    return this.#failures.get(row)
  }

  made(row: number): Uint8Array {
    const start = row === 0 ? 0 : this.#ends[row - 1]!
    const first = this.#start + bytesPerRow * this.#count
    return this.#bytes.subarray(first + start, first + this.#ends[row]!)
  }
}
