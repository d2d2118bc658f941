/** The bytes all logs of a broker may take together. */
export class MemoryBudget {
  readonly limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** Whether `bytes` more are within the limit. */
  has(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.limitBytes
  }

  take(bytes: number): void {
    this.#usedBytes += bytes
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
  }
}
