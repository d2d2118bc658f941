import { type ComparedKey, decodeKeys, encodeKeys, type PendingTable, type TableShard } from '../../kernel/index.ts'
import type { CompletedInShard } from './completed-in-shard.ts'
import { KeyNumbers } from './key-numbers.ts'
import type { Verdicts } from './verdicts.ts'

/** Completed keys that come to shards again, in their order: the number of the first, and their bytes. */
export interface KeptKeys {
  readonly from: number
  readonly bytes: Uint8Array
}

/**
 * The completed keys of a shard. Its table numbers them by themselves; what is forgotten is told by their numbers among
 * those of all shards, which the main thread gives them when an epoch has closed. Where functions come after the merge
 * it also says which merges they have refused: the keys of these are disowned, and have no number among those of all.
 * Until it has said so of a key, rows that meet it are deferred.
 *
 * State: these numbers, and how many keys are forgotten, as of the epoch that was closed and of the last one that has
 * committed; the number of the first key that is not confirmed, where functions come after the merge.
 */
export class ShardKeys {
  readonly #table: PendingTable
  readonly #shard: TableShard
  readonly #areRemembered: boolean
  readonly #areJudged: boolean
  #numbers = new KeyNumbers()
  #closed = 0
  #committed = 0
  #confirmed = 0

  /**
   * @param areRemembered - Otherwise none is told of: each merge of an epoch would be gone through.
   * @param areJudged - Whether merges may be refused after they have completed a key.
   */
  constructor(table: PendingTable, shard: TableShard, areRemembered: boolean, areJudged: boolean) {
    this.#table = table
    this.#shard = shard
    this.#areRemembered = areRemembered
    this.#areJudged = areRemembered && areJudged
    this.#confirmAll()
  }

  /** Those that the current epoch has completed, with those that are disowned. */
  completed(): CompletedInShard {
    const pieces = this.#areRemembered ? encodeKeys(this.#table.completedKeys(), Infinity) : []
    const [piece = { count: 0, bytes: new Uint8Array(0) }] = pieces
    return piece
  }

  /** What has become of the next merges that were handed on: each has completed a key. */
  judge({ count, refused }: Verdicts): void {
    if (!this.#areJudged) return
    const { completed } = this.#table
    for (const place of refused) completed.disown(this.#confirmed + place)
    this.#confirmed += count
    this.#shard.confirmed = this.#confirmed
  }

  /**
   * The epoch that was closed has ended on the main thread too.
   *
   * @param from - The number of the first key that it has completed here.
   * @param forgotten - Keys with numbers below are forgotten.
   */
  number(from: number, forgotten: number): void {
    const { completed } = this.#table
    let global = from
    for (const disowned of completed.disownedFrom(this.#numbers.count)) {
      const count = disowned - this.#numbers.count
      this.#numbers.add(global, count, 1)
      global += count
    }
    this.#numbers.add(global, completed.of().count - this.#numbers.count)
    this.#closed = this.#numbers.below(forgotten)
    completed.forget(0, this.#closed)
  }

  commit(): void {
    this.#committed = this.#closed
    this.#numbers.drop(this.#committed)
    this.#table.completed.keepDisowned(this.#committed, Infinity)
  }

  /** The table has been rolled back: what was forgotten since the last committed epoch is known again. */
  rollback(): void {
    const { completed } = this.#table
    this.#numbers.cut(Math.min(this.#numbers.count, completed.of().count))
    this.#closed = this.#committed
    completed.forget(0, this.#committed)
    completed.keepDisowned(this.#committed, completed.of().count)
    this.#confirmAll()
  }

  /** Knows no key any more; a sweep takes out what there is of them. */
  clear(): void {
    this.#table.completed.leaveAllBut([])
    this.#numbers = new KeyNumbers()
    this.#closed = this.#committed = 0
    this.#table.completed.keepDisowned(0, 0)
    this.#confirmAll()
  }

  /**
   * Remembers own keys among those of all that were completed before.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  recall(kept: readonly KeptKeys[], forgotten: number): void {
    for (const { from, bytes } of kept) decodeKeys(bytes, (key, at) => this.#recallOne(key, from + at, forgotten))
    this.#confirmAll()
  }

  /** All keys that there are have been committed. */
  #confirmAll(): void {
    if (!this.#areJudged) return
    this.#confirmed = this.#table.completed.of().count
    this.#shard.confirmed = this.#confirmed
  }

  #recallOne(key: ComparedKey, number: number, forgotten: number): void {
    if (number < forgotten || !this.#shard.has(key)) return
    this.#numbers.add(number, 1)
    this.#table.recall(0, this.#table.completed.next(0), key)
  }
}
