/** Counts the messages that are somewhere in a system, so that a graceful stop knows when all are handled. */
export class Traffic {
  #messageCount = 0
  #empty: PromiseWithResolvers<void> | undefined

  get messageCount(): number {
    return this.#messageCount
  }

  enter(): void {
    this.#messageCount++
  }

  leave(): void {
    this.#messageCount--
    if (this.#messageCount > 0) return
    this.#empty?.resolve()
    this.#empty = undefined
  }

  /** Resolves once no message is left anywhere. */
  async whenEmpty(): Promise<void> {
    // Whoever was told of the last message may have sent another one since.
    while (this.#messageCount > 0) {
      this.#empty ??= Promise.withResolvers()
      await this.#empty.promise
    }
  }
}
