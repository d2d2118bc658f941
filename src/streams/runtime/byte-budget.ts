import { assert } from '../../core/assert.ts'

/**
 * Bytes that may be in use at a time. Taking never fails, because what is under way must be able to end; whoever adds
 * new work first waits until the budget is no longer exceeded. So it is exceeded by one step of work at most.
 */
export class ByteBudget {
  readonly #bytesMax: number
  #used = 0
  #waiting: (() => void)[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get isExceeded(): boolean {
    return this.#used > this.#bytesMax
  }

  take(bytes: number): void {
    this.#used += bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
    assert(this.#used >= 0, 'no more bytes are given back than were taken')
    if (!this.isExceeded) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when the budget is not exceeded. */
  available(): Promise<void> {
    return this.isExceeded ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve()
  }
}
