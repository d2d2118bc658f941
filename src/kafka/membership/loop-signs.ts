import { url as inspectorUrl } from 'node:inspector'

/** What the main thread tells of itself in shared memory, to be seen also while its loop stands still. */
export interface LoopMemory {
  readonly buffer: SharedArrayBuffer
  /** What the loop may be in, by number. */
  readonly places: readonly string[]
}

/** Where the loop was seen. */
export interface LoopPlace {
  readonly name: string
  readonly partition: number
  readonly offset: number
}

const placesMax = 32
/**
 * After the counter, the place plus 1, a bit for each place that has promises pending, and whether a debugger may be
 * attached.
 */
const recordAt = 16
const bufferBytes = recordAt + 2 * Float64Array.BYTES_PER_ELEMENT

/**
 * Signs of life of the main loop: a counter that it raises, and which user's function it is in. Entering and leaving
 * one costs a few stores, so it can be told for each record.
 */
export class LoopSigns {
  readonly memory: LoopMemory
  readonly #words: Int32Array<SharedArrayBuffer>
  readonly #record: Float64Array<SharedArrayBuffer>

  /** @param places - Names of what calls functions; only the first 32 are told of. */
  constructor(places: readonly string[] = []) {
    this.memory = { buffer: new SharedArrayBuffer(bufferBytes), places: places.slice(0, placesMax) }
    this.#words = new Int32Array(this.memory.buffer, 0, 4)
    this.#record = new Float64Array(this.memory.buffer, recordAt)
  }

  tick(): void {
    this.#words[3] = inspectorUrl() === undefined ? 0 : 1
    Atomics.add(this.#words, 0, 1)
  }

  /** A function is called for a record. */
  enter(place: number, partition: number, offset: number): void {
    this.#record[0] = partition
    this.#record[1] = offset
    this.#words[1] = place + 1
  }

  leave(): void {
    this.#words[1] = 0
  }

  /** Promises of a place are waited for: what follows them runs outside of `enter` and `leave`. */
  beginWait(place: number): void {
    this.#words[2]! |= 1 << place
  }

  endWait(place: number): void {
    this.#words[2]! &= ~(1 << place)
  }
}

/** The same as the other thread sees it. */
export class LoopView {
  readonly #places: readonly string[]
  readonly #words: Int32Array<SharedArrayBuffer>
  readonly #record: Float64Array<SharedArrayBuffer>

  constructor({ buffer, places }: LoopMemory) {
    this.#places = places
    this.#words = new Int32Array(buffer, 0, 4)
    this.#record = new Float64Array(buffer, recordAt)
  }

  get ticks(): number {
    return Atomics.load(this.#words, 0)
  }

  /** The function that the loop is in, and the record that it was called for; absent while it is in none. */
  get place(): LoopPlace | undefined {
    const name = this.#places[Atomics.load(this.#words, 1) - 1]
    return name === undefined ? undefined : { name, partition: this.#record[0]!, offset: this.#record[1]! }
  }

  /** Whether somebody may be looking at it on purpose while it stands still. */
  get isDebugged(): boolean {
    return Atomics.load(this.#words, 3) !== 0
  }

  /** What has promises pending. */
  get waiting(): string[] {
    const bits = Atomics.load(this.#words, 2)
    return this.#places.filter((_, place) => (bits & (1 << place)) !== 0)
  }
}
