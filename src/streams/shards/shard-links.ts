/**
 * Links of a shard: a ring to each other shard and one from each, for the rows that are cut out.
 *
 * Rows that find no room in a ring wait here, those of one batch at most, because the shard takes in no further records
 * until they are written. While it waits it reads what comes, so two shards that wait for each other both go on. Whoever
 * has written or read something rings the bell of the other, a counter in shared memory on which that one may sleep; and
 * that of the main thread while it waits for room, because a shard that has nothing to do reads when it is asked to.
 * The main thread begins and ends lives: with another life in shared memory, whoever waits gives up. Each life has rings
 * of its own, so nothing of a life before is ever read.
 */
import type { CutBatch } from '../../kernel/index.ts'
import { CutReader, CutWriter, newCutRing } from './cut-ring.ts'

/** Shared memory of the rings of all shards, together, and of each at least. */
const ringsBytesMax = 32 << 20
const ringBytesMax = 2 << 20
const ringBytesMin = 64 << 10

/** The words of the current life, and of the bell of the main thread; after them there is a bell for each shard. */
const lifeWord = 0
const mainBell = 1
const bellsAt = 2
const noLife = 0

/** What all shards see. */
export interface SharedLinks {
  /** The current life, and the bells of the main thread and of all shards. */
  readonly control: SharedArrayBuffer
  /** By shard that writes, and shard that reads; nothing for one and the same. */
  readonly rings: readonly (readonly (SharedArrayBuffer | undefined)[])[]
}

/** The links of shards, as the main thread makes them. */
export class LinkMaker {
  readonly #shardCount: number
  readonly #ringBytes: number
  readonly #control: SharedArrayBuffer
  readonly #words: Int32Array

  /** @param ringBytes - Of each ring, a power of two. @defaultValue 2 MiB, less where there are many shards */
  constructor(shardCount: number, ringBytes = ringBytesFor(shardCount)) {
    this.#shardCount = shardCount
    this.#ringBytes = ringBytes
    this.#control = new SharedArrayBuffer(4 * (bellsAt + shardCount))
    this.#words = new Int32Array(this.#control)
  }

  /**
   * Ends the life before, and makes the links of the next one.
   *
   * @param onWaiting - Is told that a shard waits for room, again and again as long as it does and others read.
   */
  begin(life: number, onWaiting: () => void): SharedLinks {
    this.#enter(life)
    void this.#listen(life, onWaiting)
    const shards = Array.from({ length: this.#shardCount }, (_, shard) => shard)
    const rings = shards.map((from) => shards.map((to) => (from === to ? undefined : newCutRing(this.#ringBytes))))
    return { control: this.#control, rings }
  }

  /** Ends a life: shards that wait for others give up. */
  end(): void {
    this.#enter(noLife)
  }

  #enter(life: number): void {
    Atomics.store(this.#words, lifeWord, life)
    for (let bell = mainBell; bell < this.#words.length; bell++) ring(this.#words, bell)
  }

  async #listen(life: number, onWaiting: () => void): Promise<void> {
    for (;;) {
      const rung = Atomics.load(this.#words, mainBell)
      const ringing = Atomics.waitAsync(this.#words, mainBell, rung)
      if (ringing.async) await ringing.value
      if (Atomics.load(this.#words, lifeWord) !== life) return
      onWaiting()
    }
  }
}

/** Rows that wait for room in a ring, or the border of an epoch. */
interface Waiting {
  readonly batch: CutBatch | undefined
  /** Bytes of it that are written. */
  at: number
}

/** The links of one shard, in one life. */
export class ShardLinks {
  readonly #own: number
  readonly #life: number
  readonly #control: Int32Array
  readonly #writers: readonly (CutWriter | undefined)[]
  readonly #readers: readonly (CutReader | undefined)[]
  /** By shard. */
  readonly #waiting: readonly Waiting[][]
  readonly #take: (batch: CutBatch) => void

  /** @param take - Is given what others have cut out; the bytes are valid until it returns. */
  constructor(own: number, life: number, { control, rings }: SharedLinks, take: (batch: CutBatch) => void) {
    this.#own = own
    this.#life = life
    this.#control = new Int32Array(control)
    this.#writers = rings[own]!.map((memory) => memory && new CutWriter(memory))
    this.#readers = rings.map((from) => from[own] && new CutReader(from[own]))
    this.#waiting = rings.map(() => [])
    this.#take = take
  }

  /** By shard: the position up to which rows for it are in its ring, once all are written. */
  get written(): number[] {
    return this.#writers.map((writer) => writer?.written ?? 0)
  }

  /** By shard: the position up to which its rows are taken in. */
  get read(): number[] {
    return this.#readers.map((reader) => reader?.read ?? 0)
  }

  /** Gives rows to another shard. */
  send(shard: number, batch: CutBatch): void {
    const waiting = this.#waiting[shard]!
    const at = waiting.length === 0 ? this.#writers[shard]!.write(batch) : 0
    if (at > 0) ring(this.#control, bellsAt + shard)
    if (at < batch.rows.length) waiting.push({ batch: { ...batch, rows: batch.rows.slice() }, at })
  }

  /** Takes in what has come, up to the border of an epoch. Returns false while something waits to be written. */
  pass(): boolean {
    let isFree = true
    for (let shard = 0; shard < this.#writers.length; shard++) {
      if (shard === this.#own) continue
      const reader = this.#readers[shard]!
      const before = reader.read
      reader.readTo(this.#take)
      const isWritten = this.#writeWaiting(shard)
      if (isWritten || reader.read !== before) ring(this.#control, bellsAt + shard)
      isFree &&= this.#waiting[shard]!.length === 0
    }
    return isFree
  }

  /** Resolves once all rows are written: true, or false where another life has begun. */
  untilFree(): Promise<boolean> {
    return this.#until(() => true)
  }

  /**
   * Tells all others that the epoch has ended here, and takes in what they send before they say so themselves.
   *
   * @returns False where another life has begun.
   */
  async border(): Promise<boolean> {
    for (const waiting of this.#others(this.#waiting)) waiting.push({ batch: undefined, at: 0 })
    const readers = this.#others(this.#readers)
    if (!(await this.#until(() => readers.every((reader) => reader!.isAtBorder)))) return false
    for (const reader of readers) reader!.passBorder()
    return true
  }

  async #until(isDone: () => boolean): Promise<boolean> {
    for (;;) {
      const bell = bellsAt + this.#own
      const rung = Atomics.load(this.#control, bell)
      if (Atomics.load(this.#control, lifeWord) !== this.#life) return false
      const isFree = this.pass()
      if (isFree && isDone()) return true
      if (!isFree) ring(this.#control, mainBell)
      const waiting = Atomics.waitAsync(this.#control, bell, rung)
      if (waiting.async) await waiting.value
    }
  }

  /** Returns whether something was written. */
  #writeWaiting(shard: number): boolean {
    const waiting = this.#waiting[shard]!
    const writer = this.#writers[shard]!
    let isWritten = false
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const { batch, at } = first
      if (batch === undefined ? writer.writeBorder() : (first.at = writer.write(batch, at)) === batch.rows.length) {
        waiting.shift()
        isWritten = true
      } else return isWritten || first.at > at
    }
    return isWritten
  }

  #others<Each>(all: readonly Each[]): Each[] {
    return all.filter((_, shard) => shard !== this.#own)
  }
}

function ring(control: Int32Array, bell: number): void {
  Atomics.add(control, bell, 1)
  Atomics.notify(control, bell)
}

/** The largest power of two with which all rings together keep to their bound. */
function ringBytesFor(shardCount: number): number {
  const ringCount = Math.max(1, shardCount * (shardCount - 1))
  const share = Math.min(ringBytesMax, Math.max(ringBytesMin, ringsBytesMax / ringCount))
  return 2 ** Math.floor(Math.log2(share))
}
