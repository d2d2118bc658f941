/**
 * What has become of the rows of a slice, as it comes back from a worker thread: an outcome, a reason and the end of what
 * was made for each row, and then the bytes that were made, in one buffer that is given away.
 */

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
  readonly bytes: Uint8Array
  /** Texts of dead letters that have more to say than their reason. */
  readonly causes: readonly (readonly [row: number, cause: string])[]
  readonly failures: readonly FailedRow[]
  /** The first integer that the thread has seen lose digits; absent later. */
  readonly lost: { readonly offset: number; readonly written: string } | undefined
  /** Milliseconds that the thread took. */
  readonly tookMs: number
}

const bytesPerRow = 4 + 1 + 1

/** Gathers what becomes of rows, in their order. */
export class OutcomeWriter {
  readonly #outcomes: Uint8Array
  readonly #reasons: Uint8Array
  readonly #ends: Int32Array
  #row = 0

  constructor(count: number) {
    this.#outcomes = new Uint8Array(count)
    this.#reasons = new Uint8Array(count)
    this.#ends = new Int32Array(count)
  }

  /** @param end - How many bytes have been made with this row. */
  add(kind: number, reason: number, end: number): void {
    this.#outcomes[this.#row] = kind
    this.#reasons[this.#row] = reason
    this.#ends[this.#row++] = end
  }

  /** @param made - Has the bytes that were made at its start. */
  finish(made: Uint8Array): Uint8Array {
    const count = this.#row
    const length = this.#ends[count - 1]!
    const bytes = new Uint8Array(bytesPerRow * count + length)
    new Int32Array(bytes.buffer, 0, count).set(this.#ends)
    bytes.set(this.#outcomes, 4 * count)
    bytes.set(this.#reasons, 5 * count)
    bytes.set(made.subarray(0, length), bytesPerRow * count)
    return bytes
  }
}

/** Reads what has become of the rows of a slice. */
export class Outcomes {
  readonly #bytes: Uint8Array
  readonly #count: number
  readonly #ends: Int32Array
  readonly #causes: ReadonlyMap<number, string>
  readonly #failures: ReadonlyMap<number, unknown>

  constructor(
    count: number,
    { bytes, causes }: Pick<SliceAnswer, 'bytes' | 'causes'>,
    failures: ReadonlyMap<number, unknown>,
  ) {
    this.#bytes = bytes
    this.#count = count
    this.#ends = new Int32Array(bytes.buffer, 0, count)
    this.#causes = new Map(causes)
    this.#failures = failures
  }

  kind(row: number): number {
    return this.#bytes[4 * this.#count + row]!
  }

  reason(row: number): number {
    return this.#bytes[5 * this.#count + row]!
  }

  cause(row: number): string | undefined {
    return this.#causes.get(row)
  }

  error(row: number): unknown {
    return this.#failures.get(row)
  }

  made(row: number): Uint8Array {
    const start = row === 0 ? 0 : this.#ends[row - 1]!
    const first = bytesPerRow * this.#count
    return this.#bytes.subarray(first + start, first + this.#ends[row]!)
  }
}
