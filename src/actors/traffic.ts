/** Counts the messages that are somewhere in a system, so that a graceful stop knows when all are handled. */
export class Traffic {
  #messageCount = 0
  #onEmpty: (() => void) | undefined

  enter(): void {
    this.#messageCount++
  }

  leave(): void {
    this.#messageCount--
    if (this.#messageCount === 0) this.#onEmpty?.()
  }

  /** Resolves once no message is left anywhere. */
  async whenEmpty(): Promise<void> {
    while (this.#messageCount > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve))
  }
}
