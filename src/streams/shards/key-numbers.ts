import { assert } from '../../core/assert.ts'

/** Keys of a shard whose numbers among those of all follow one another. */
interface Run {
  readonly global: number
  count: number
  /** Own numbers after them of keys that are disowned, which are among those of no other shard. */
  disowned: number
}

/**
 * Which number each completed key of a shard has among those of all shards, in the order in which the shard numbers its
 * own: from 0 on, without a gap. Keys that are disowned have a number of its own only.
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

  /** The next own keys have these numbers; after them come keys that are disowned. */
  add(global: number, count: number, disowned = 0): void {
    if (count + disowned === 0) return
    this.#count += count + disowned
    const last = this.#runs.at(-1)
    const goesOn = last !== undefined && last.global + last.count === global && (last.disowned === 0 || count === 0)
    if (!goesOn) return void this.#runs.push({ global, count, disowned })
    last.count += count
    last.disowned += disowned
  }

  /** How many own keys have a number below this one, and those with them that are disowned. */
  below(global: number): number {
    let own = this.#before
    for (const run of this.#runs) {
      if (run.global >= global) break
      const passed = Math.min(run.count, global - run.global)
      own += passed === run.count ? passed + run.disowned : passed
    }
    return own
  }

  /** The first ones are forgotten for good. */
  drop(own: number): void {
    let runs = 0
    for (const { count, disowned } of this.#runs) {
      if (this.#before + count + disowned > own) break
      this.#before += count + disowned
      runs++
    }
    this.#runs.splice(0, runs)
  }

  /** Those after the first ones are taken back. */
  cut(own: number): void {
    assert(own >= this.#before, 'what is forgotten for good is not taken back')
    while (this.#count > own) {
      const last = this.#runs.at(-1)!
      const disowned = Math.min(last.disowned, this.#count - own)
      const counted = Math.min(last.count, this.#count - own - disowned)
      last.disowned -= disowned
      last.count -= counted
      this.#count -= disowned + counted
      if (last.count + last.disowned === 0) this.#runs.pop()
    }
  }
}
