/**
 * Sharded table: the pending table of a program as shards on threads, as the main thread sees it.
 *
 * Records of a source partition go to one shard, by the number of the partition; what that cuts out for others goes on
 * to these in its order. So each shard takes the rows of a partition in the order of their offsets, and all of them
 * together come to what one table comes to. An epoch closes when all that was given is in some shard: there is one
 * border, and each shard closes, commits and takes back as the table of one thread does.
 * State: the life that all shards are in, what is on its way, and memory that goes back with the next records.
 * A shard whose thread has ended has lost its rows. All begin another life then, which takes back what has not committed,
 * and the rows of those that are new are read again, as a restoration does it.
 * Cost per record: nothing; per fetched partition one message to each shard.
 */
import type { ActorRef } from '../../actors/index.ts'
import { assert } from '../../core/assert.ts'
import { OutputBatch } from '../../kernel/index.ts'
import type {
  ClosedShard,
  Reread,
  SentBatch,
  SentRows,
  SharedPartition,
  ShardMessage,
  TakenRows,
} from './shard-messages.ts'

/** What leaves the shards. */
export interface ShardEvents {
  /** @param recycle - Gives the memory of the batch back, once nobody reads it. */
  onBatch(batch: OutputBatch, recycle: () => void): void
  /** A row has left without being merged. */
  onRefused(partition: number, offset: number, reason: number): void
}

/** An answer is waited for without a bound: a thread that is blocked is found and ended by what runs it. */
const askMs = 2 ** 31 - 1

export class ShardedTable {
  readonly #shards: readonly ActorRef<ShardMessage>[]
  readonly #events: ShardEvents
  /** By shard: what goes back to it. */
  readonly #returned: { rows: SentRows[]; batches: ArrayBuffer[] }[]
  readonly #open = new Set<Promise<void>>()
  #life = 0

  constructor(shards: readonly ActorRef<ShardMessage>[], events: ShardEvents) {
    this.#shards = shards
    this.#events = events
    this.#returned = shards.map(() => ({ rows: [], batches: [] }))
  }

  /**
   * Begins a life: takes back all that has not committed, in all shards.
   *
   * @returns Those that have nothing that was before: their rows are to be read again, and settled.
   */
  async begin(): Promise<number[]> {
    const life = ++this.#life
    this.#open.clear()
    for (const each of this.#returned) [each.rows, each.batches] = [[], []]
    const areNew = await Promise.all(
      this.#shards.map((shard) => shard.ask({ type: 'begin', life }, { timeoutMs: askMs })),
    )
    return areNew.flatMap((isNew, shard) => (isNew ? [shard] : []))
  }

  /**
   * Takes in the records of a partition. Resolves when they are in the table; the order of calls is that of the records.
   *
   * @param reread - Where they are read again for a shard that has lost them.
   * @throws ActorError `ACTOR_ASK_FAILED` where a thread has ended: then all shards are to begin another life.
   */
  take(records: SharedPartition, reread?: Reread): Promise<void> {
    const taking = this.#take(records, reread, this.#life)
    this.#open.add(taking)
    const forget = () => void this.#open.delete(taking)
    taking.then(forget, forget)
    return taking
  }

  /** Rows that were read again are there for good. */
  async settle(shard: number): Promise<void> {
    await Promise.all(this.#open)
    await this.#shards[shard]!.ask({ type: 'settle', life: this.#life }, { timeoutMs: askMs })
  }

  /** Closes the current epoch once all that was given is in the table. Meanwhile nothing may be given. */
  async close(): Promise<ClosedShard[]> {
    const life = this.#life
    await Promise.all(this.#open)
    const closed = await Promise.all(
      this.#shards.map((shard) => shard.ask({ type: 'close', life }, { timeoutMs: askMs })),
    )
    assert(this.#open.size === 0, 'nothing is given to the table while an epoch closes')
    return closed.flatMap((each, shard) => {
      if (each === undefined) return []
      this.#tell(shard, each.taken)
      return [each]
    })
  }

  /** The oldest closed epoch is durable. */
  commit(): void {
    for (const shard of this.#shards) void shard.tell({ type: 'commit', life: this.#life })
  }

  async #take(records: SharedPartition, reread: Reread | undefined, life: number): Promise<void> {
    const own = records.partition % this.#shards.length
    const returned = this.#returned[own]!
    this.#returned[own] = { rows: [], batches: [] }
    const message = { type: 'take' as const, life, records, reread, returned }
    const taken = await this.#shards[own]!.ask(message, { timeoutMs: askMs })
    if (taken === undefined || life !== this.#life) return
    this.#tell(own, taken)
    await Promise.all(taken.cut.map((rows) => this.#takeCut(own, rows, life)))
  }

  async #takeCut(from: number, rows: SentRows, life: number): Promise<void> {
    const { shard } = rows
    const taken = await this.#shards[shard]!.ask({ type: 'takeCut', life, rows }, { timeoutMs: askMs })
    if (taken === undefined || life !== this.#life) return
    this.#returned[from]!.rows.push(taken.used)
    this.#tell(shard, taken)
  }

  #tell(shard: number, { refused, batches }: TakenRows): void {
    for (const sent of batches) {
      this.#events.onBatch(batchOf(sent), () => this.#returned[shard]!.batches.push(sent.memory))
    }
    for (let at = 0; at < refused.length; at += 3) {
      this.#events.onRefused(refused[at]!, refused[at + 1]!, refused[at + 2]!)
    }
  }
}

function batchOf({ memory, partition, position, count, baseTimestamp, maxTimestamp }: SentBatch): OutputBatch {
  const batch = OutputBatch.over(memory)
  batch.reset(0, partition)
  return Object.assign(batch, { position, count, baseTimestamp, maxTimestamp })
}
