const initialCapacity = 16
// One for all that have none: it is never written to.
const noSlots: never[] = []

/**
 * A first-in first-out queue on a ring that doubles when full, and gives a burst's memory back once empty. One that was
 * never used has no slots: of many actors most wait for their first message.
 */
export class Fifo<T> {
  #slots: (T | undefined)[] = noSlots
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item
    this.#length++
  }

  /** The item `index` places after the oldest one, which is at 0. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & (this.#slots.length - 1)] : undefined
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    if (this.#length === 0 && this.#slots.length > initialCapacity) {
      this.#slots = emptySlots()
      this.#head = 0
    }
    return item
  }

  #grow(): void {
    if (this.#slots.length === 0) {
      this.#slots = emptySlots()
      return
    }
    this.#slots = [
      ...this.#slots.slice(this.#head),
      ...this.#slots.slice(0, this.#head),
      ...this.#slots.map(() => undefined),
    ]
    this.#head = 0
  }
}

function emptySlots<T>(): (T | undefined)[] {
  return Array.from({ length: initialCapacity }, () => undefined)
}
