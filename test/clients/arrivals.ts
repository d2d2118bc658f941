/** Collects what a client hands over, and lets a test wait until there is enough of it. */
export class Arrivals<T> {
  readonly all: T[] = []
  readonly #waiting = new Set<() => void>()

  readonly add = (item: T): void => {
    this.all.push(item)
    for (const look of this.#waiting) look()
  }

  /** Resolves as soon as `holds` is true of everything that has arrived. */
  async until(holds: (all: readonly T[]) => boolean): Promise<readonly T[]> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => {
      if (holds(this.all)) resolve()
    }
    this.#waiting.add(look)
    look()
    await promise
    this.#waiting.delete(look)
    return this.all
  }

  async first(count: number): Promise<T[]> {
    const all = await this.until(({ length }) => length >= count)
    return all.slice(0, count)
  }
}
