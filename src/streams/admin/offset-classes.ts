/** Classes that leave a trace at the broker, each offset of which can be named. */
export const tracedClasses = [
  'emitted',
  'pending',
  'duplicate',
  'deadLettered',
  'redriven',
  'expired',
  'skipped',
] as const
/** A class of offsets that leaves a trace. */
export type TracedClass = (typeof tracedClasses)[number]

/** Offsets whose classes lie together. */
const chunkOffsets = 65_536

/**
 * Which class each offset of a partition has.
 * Cost: a byte for each offset from the first that has one to the last, in chunks, those without any left out.
 */
export class OffsetClasses {
  readonly #chunks = new Map<number, Uint8Array>()
  readonly #counts = new Float64Array(tracedClasses.length)

  /** Offsets of a class. */
  count(name: TracedClass): number {
    return this.#counts[tracedClasses.indexOf(name)]!
  }

  of(offset: number): TracedClass | undefined {
    const code = this.#chunks.get(Math.floor(offset / chunkOffsets))?.[offset % chunkOffsets] ?? none
    return tracedClasses[code - 1]
  }

  /** @param offset - One that has no class. */
  set(offset: number, name: TracedClass): void {
    const index = Math.floor(offset / chunkOffsets)
    let chunk = this.#chunks.get(index)
    if (chunk === undefined) this.#chunks.set(index, (chunk = new Uint8Array(chunkOffsets)))
    const code = tracedClasses.indexOf(name)
    chunk[offset % chunkOffsets] = code + 1
    this.#counts[code]!++
  }

  /** Gives an offset another class in place of the one that it has. */
  replace(offset: number, name: TracedClass): void {
    const before = this.of(offset)
    if (before !== undefined) this.#counts[tracedClasses.indexOf(before)]!--
    this.set(offset, name)
  }

  /** The first offsets of a range without a class, at most `max`. */
  without(from: number, to: number, max: number): number[] {
    const found: number[] = []
    for (let offset = from; offset < to && found.length < max; offset++) {
      if (this.of(offset) === undefined) found.push(offset)
    }
    return found
  }
}

const none = 0
