import { hasReached } from './cut-ring.ts'

/** A shard that is waited for, until it has taken in what another one has written for it. */
interface Wait {
  readonly from: number
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * How far shards have taken in what others have cut out for them, as their answers say it. A shard takes that in with
 * whatever it is asked, so it is asked for that alone only while it has nothing else to answer, and somebody waits for it.
 */
export class CutProgress {
  /** By shard that reads, and shard that writes. */
  readonly #read: Int32Array[]
  /** By shard: questions that it has not answered. */
  readonly #openCounts: Int32Array
  /** By shard that reads. */
  readonly #waits: Wait[][]
  /** By shard: whether it is to be asked, because another one waits for room. */
  readonly #isCalled: boolean[]
  readonly #ask: (shard: number) => void
  /** What has ended the life, once something has. */
  #failure: unknown

  /** @param ask - Asks a shard to take in what there is. */
  constructor(shardCount: number, ask: (shard: number) => void) {
    this.#read = Array.from({ length: shardCount }, () => new Int32Array(shardCount))
    this.#openCounts = new Int32Array(shardCount)
    this.#waits = this.#read.map(() => [])
    this.#isCalled = this.#read.map(() => false)
    this.#ask = ask
  }

  /** Another life begins: nobody waits any more, and all rings are new. */
  begin(): void {
    this.#failure = undefined
    for (const { resolve } of this.#allWaits()) resolve()
    for (const read of this.#read) read.fill(0)
    this.#openCounts.fill(0)
    this.#isCalled.fill(false)
  }

  /** The life is over: whoever waits, or is going to, fails. */
  fail(error: unknown): void {
    this.#failure = error
    for (const { reject } of this.#allWaits()) reject(error)
  }

  /** Some shard waits for room in a ring. */
  call(): void {
    this.#isCalled.fill(true)
    for (let shard = 0; shard < this.#isCalled.length; shard++) this.#askIdle(shard)
  }

  /** A shard was asked something. */
  asked(shard: number): void {
    this.#openCounts[shard]!++
  }

  /** A shard has answered, and says how far it has come. */
  answered(shard: number, read: readonly number[]): void {
    this.#openCounts[shard]!--
    this.#read[shard]!.set(read)
    const waits = this.#waits[shard]!
    this.#waits[shard] = waits.filter(({ from, position, resolve }) => {
      if (!this.#isRead(shard, from, position)) return true
      resolve()
      return false
    })
    this.#askIdle(shard)
  }

  /** Resolves once all shards have taken in what one has written for them, up to these positions. */
  async until(from: number, written: readonly number[]): Promise<void> {
    const waiting: Promise<void>[] = []
    for (const [shard, position] of written.entries()) {
      if (shard === from || this.#isRead(shard, from, position)) continue
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push(promise)
      this.#waits[shard]!.push({ from, position, resolve, reject })
      this.#askIdle(shard)
    }
    if (this.#failure !== undefined) this.fail(this.#failure)
    await Promise.all(waiting)
  }

  #isRead(shard: number, from: number, position: number): boolean {
    return hasReached(this.#read[shard]![from]!, position)
  }

  #askIdle(shard: number): void {
    if (this.#openCounts[shard]! > 0 || (this.#waits[shard]!.length === 0 && !this.#isCalled[shard])) return
    this.#isCalled[shard] = false
    this.#ask(shard)
  }

  #allWaits(): Wait[] {
    return this.#waits.flatMap((waits) => waits.splice(0))
  }
}
