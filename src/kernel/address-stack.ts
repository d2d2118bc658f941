/** Addresses, last in, first out, because what was freed last is most likely still in the cache. */
export class AddressStack {
  #items = new Int32Array(0)
  #count = 0

  push(address: number): void {
    if (this.#count === this.#items.length) this.#resize(Math.max(64, this.#count * 2))
    this.#items[this.#count++] = address
  }

  /** The address pushed last, or 0 when there is none. */
  pop(): number {
    if (this.#count === 0) return 0
    return this.#items[--this.#count]!
  }

  /** Removes all addresses for which `isKept` is false. */
  keep(isKept: (address: number) => boolean): void {
    const items = this.#items
    let kept = 0
    for (let i = 0; i < this.#count; i++) if (isKept(items[i]!)) items[kept++] = items[i]!
    this.#count = kept
    if (items.length > 1024 && kept < items.length / 4) this.#resize(kept)
  }

  #resize(capacity: number): void {
    const items = new Int32Array(capacity)
    items.set(this.#items.subarray(0, this.#count))
    this.#items = items
  }
}
