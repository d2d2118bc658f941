import type { PartColumns } from '../../kernel/index.ts'

/**
 * What waits, as two sums of 32 bits: equal sets of parts have equal digests in whatever order they came. It is over
 * where each part came from, its side and the hash of its key; what stands at a place of the source never changes.
 */
export class Digest {
  #low = 0
  #high = 0

  get words(): [number, number] {
    return [this.#low, this.#high]
  }

  static of([low, high]: readonly [number, number]): Digest {
    const digest = new Digest()
    digest.#low = low
    digest.#high = high
    return digest
  }

  add(parts: PartColumns): void {
    this.#change(parts, 1)
  }

  delete(parts: PartColumns): void {
    this.#change(parts, -1)
  }

  equals([low, high]: readonly [number, number]): boolean {
    return this.#low === low && this.#high === high
  }

  #change({ count, partition, offset, side, hash }: PartColumns, sign: 1 | -1): void {
    let low = this.#low | 0
    let high = this.#high | 0
    for (let i = 0; i < count; i++) {
      const mixed = mix(partition[i]!, offset[i]!, side[i]!, hash[i]!)
      low = (low + sign * mixed) | 0
      high = (high + sign * finish(mixed ^ hash[i]!)) | 0
    }
    this.#low = low >>> 0
    this.#high = high >>> 0
  }
}

function mix(partition: number, offset: number, side: number, keyHash: number): number {
  const place = Math.imul(partition * 16 + side, 0x9e3779b1) ^ ((offset / 4294967296) | 0)
  return finish(finish(place ^ (offset | 0)) ^ keyHash)
}

/** The last step of MurmurHash3 (Austin Appleby), which lets every bit have its say. */
function finish(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
