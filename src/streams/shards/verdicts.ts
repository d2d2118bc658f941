import { type ComparedKey, decodeKeys, encodeKeys } from '../../kernel/index.ts'
import type { CompletedInShard } from './completed-in-shard.ts'

/** What has become of merges that a shard has handed on, in its order. */
export interface Verdicts {
  readonly count: number
  /** Places among them, from 0 on and in order, of those that were refused. */
  readonly refused: readonly number[]
}

/**
 * Which merges of an epoch were refused, as the main thread knows it. A shard that closes does not know it of its last
 * merges, so its completed keys are told with those of refused merges, which are left out here.
 */
export class VerdictsOfEpoch {
  #count = 0
  readonly #refused = new Set<number>()

  note({ count, refused }: Verdicts): void {
    for (const place of refused) this.#refused.add(this.#count + place)
    this.#count += count
  }

  /** The completed keys of a shard that are some: each merge that it has handed on has completed one. */
  confirmed(completed: CompletedInShard): CompletedInShard {
    if (this.#refused.size === 0) return completed
    const keys: ComparedKey[] = []
    decodeKeys(completed.bytes, (key, at) => void (this.#refused.has(at) || keys.push(key)))
    const [confirmed = { count: 0, bytes: new Uint8Array(0) }] = encodeKeys(keys, Infinity)
    return confirmed
  }
}
