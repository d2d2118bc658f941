import { assert } from '../../core/assert.ts'

/** Keys of a shard whose numbers among those of all follow one another. */
interface Run {
  readonly global: number
  count: number
}

/**
 * Which number each completed key of a shard has among those of all shards, in the order in which the shard numbers its
 * own: from 0 on, without a gap.
 *
 * State: runs of keys, without those that are forgotten for good. Keys of one epoch are one run; those that come back
 * after a start lie between those of other shards.
 */
export class KeyNumbers {
  #runs: Run[] = []
  /** Own keys before the first run. */
  #before = 0
  #count = 0

  /** How many own keys have a number. */
  get count(): number {
    return this.#count
  }

  /** The next own keys have these numbers. */
  add(global: number, count: number): void {
    if (count === 0) return
    this.#count += count
    const last = this.#runs.at(-1)
    if (last !== undefined && last.global + last.count === global) last.count += count
    else this.#runs.push({ global, count })
  }

  /** How many own keys have a number below this one. */
  below(global: number): number {
    let own = this.#before
    for (const run of this.#runs) {
      if (run.global >= global) break
      own += Math.min(run.count, global - run.global)
    }
    return own
  }

  /** The first ones are forgotten for good. */
  drop(own: number): void {
    let runs = 0
    for (const { count } of this.#runs) {
      if (this.#before + count > own) break
      this.#before += count
      runs++
    }
    this.#runs.splice(0, runs)
  }

  /** Those after the first ones are taken back. */
  cut(own: number): void {
    assert(own >= this.#before, 'what is forgotten for good is not taken back')
    while (this.#count > own) {
      const last = this.#runs.at(-1)!
      const surplus = Math.min(last.count, this.#count - own)
      last.count -= surplus
      this.#count -= surplus
      if (last.count === 0) this.#runs.pop()
    }
  }
}
