/** What happens elsewhere, kept until a test asks for it. */
export class Queue<Item> {
  readonly #items: Item[] = []
  readonly #waiting: ((item: Item) => void)[] = []

  /** Items that nobody has asked for yet. */
  get length(): number {
    return this.#items.length
  }

  push(item: Item): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#items.push(item)
    else waiting(item)
  }

  /** The oldest item, or the next one to come. */
  next(): Promise<Item> {
    return new Promise((resolve) => {
      if (this.#items.length > 0) resolve(this.#items.shift()!)
      else this.#waiting.push(resolve)
    })
  }
}
