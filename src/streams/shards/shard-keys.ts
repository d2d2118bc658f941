import { type ComparedKey, decodeKeys, encodeKeys, type PendingTable, type TableShard } from '../../kernel/index.ts'
import { KeyNumbers } from './key-numbers.ts'

/** Completed keys that come to shards again, in their order: the number of the first, and their bytes. */
export interface KeptKeys {
  readonly from: number
  readonly bytes: Uint8Array
}

/** Those that an epoch has completed in a shard. */
export interface CompletedInShard {
  readonly count: number
  readonly bytes: Uint8Array
}

/**
 * The completed keys of a shard. Its table numbers them by themselves; what is forgotten is told by their numbers among
 * those of all shards, which the main thread gives them when an epoch has closed.
 *
 * State: these numbers, and how many keys are forgotten, as of the epoch that was closed and of the last one that has
 * committed.
 */
export class ShardKeys {
  readonly #table: PendingTable
  readonly #shard: TableShard
  readonly #areRemembered: boolean
  #numbers = new KeyNumbers()
  #closed = 0
  #committed = 0

  /** @param areRemembered - Otherwise none is told of: each merge of an epoch would be gone through. */
  constructor(table: PendingTable, shard: TableShard, areRemembered: boolean) {
    this.#table = table
    this.#shard = shard
    this.#areRemembered = areRemembered
  }

  /** Those that the current epoch has completed. */
  completed(): CompletedInShard {
    const pieces = this.#areRemembered ? encodeKeys(this.#table.completedKeys(), Infinity) : []
    const [piece = { count: 0, bytes: new Uint8Array(0) }] = pieces
    return piece
  }

  /**
   * The epoch that was closed has ended on the main thread too.
   *
   * @param from - The number of the first key that it has completed here.
   * @param forgotten - Keys with numbers below are forgotten.
   */
  number(from: number, forgotten: number): void {
    const { completed } = this.#table
    this.#numbers.add(from, completed.of().count - this.#numbers.count)
    this.#closed = this.#numbers.below(forgotten)
    completed.forget(0, this.#closed)
  }

  commit(): void {
    this.#committed = this.#closed
    this.#numbers.drop(this.#committed)
  }

  /** The table has been rolled back: what was forgotten since the last committed epoch is known again. */
  rollback(): void {
    const { completed } = this.#table
    this.#numbers.cut(Math.min(this.#numbers.count, completed.of().count))
    this.#closed = this.#committed
    completed.forget(0, this.#committed)
  }

  /** Knows no key any more; a sweep takes out what there is of them. */
  clear(): void {
    this.#table.completed.leaveAllBut([])
    this.#numbers = new KeyNumbers()
    this.#closed = this.#committed = 0
  }

  /**
   * Remembers own keys among those of all that were completed before.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  recall(kept: readonly KeptKeys[], forgotten: number): void {
    for (const { from, bytes } of kept) decodeKeys(bytes, (key, at) => this.#recallOne(key, from + at, forgotten))
  }

  #recallOne(key: ComparedKey, number: number, forgotten: number): void {
    if (number < forgotten || !this.#shard.has(key)) return
    this.#numbers.add(number, 1)
    this.#table.recall(0, this.#table.completed.next(0), key)
  }
}
