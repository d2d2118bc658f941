/** What a row and its change take beside key and value, about: an entry of a map, or a block with its place in an index. */
const rowFrameBytes = 64

/**
 * What has become of the rows of a table since something: the last value of each, `undefined` where it was deleted. Rows
 * are named by the bytes of their keys as Latin-1, a character for each byte.
 */
export class Changes {
  readonly rows = new Map<string, Uint8Array | undefined>()
  #bytes = 0

  /** Bytes that they take, at most. */
  get bytes(): number {
    return this.#bytes
  }

  has(key: string): boolean {
    return this.rows.has(key)
  }

  get(key: string): Uint8Array | undefined {
    return this.rows.get(key)
  }

  set(key: string, value: Uint8Array | undefined): void {
    if (this.rows.has(key)) this.#bytes -= rowBytes(key, this.rows.get(key))
    this.rows.set(key, value)
    this.#bytes += rowBytes(key, value)
  }

  /** Forgets what has become of a row. */
  forget(key: string): void {
    if (!this.rows.has(key)) return
    this.#bytes -= rowBytes(key, this.rows.get(key))
    this.rows.delete(key)
  }

  /** Takes over later changes, which are none there any more. */
  absorb(later: Changes): void {
    for (const [key, value] of later.rows) this.set(key, value)
    later.clear()
  }

  clear(): void {
    this.rows.clear()
    this.#bytes = 0
  }
}

/** Bytes of a row, or of a change that sets it. */
export function rowBytes(key: string, value: Uint8Array | undefined): number {
  return Buffer.byteLength(key) + (value?.length ?? 0) + rowFrameBytes
}
