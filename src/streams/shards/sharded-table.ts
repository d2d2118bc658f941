/**
 * Sharded table: the pending table of a program as shards on threads, as the main thread sees it.
 *
 * Records of a source partition go to one shard, by the number of the partition; what that cuts out for others goes on
 * to these in its order. So each shard takes the rows of a partition in the order of their offsets, and all of them
 * together come to what one table comes to. An epoch closes when all that was given is in some shard: there is one
 * border, at which rows that have expired leave, and each shard closes, commits and takes back as the table of one thread
 * does.
 * State: the life that all shards are in, what is on its way, and memory that goes back with the next records.
 * A shard whose thread has ended has lost its rows. All begin another life then, which takes back what has not committed,
 * and the rows of those that are new are read again, as a restoration does it.
 * Cost per record: nothing; per fetched partition one message to each shard.
 */
import type { ActorRef } from '../../actors/index.ts'
import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import { OutputBatch } from '../../kernel/index.ts'
import { CutProgress } from './cut-progress.ts'
import type { KeptKeys } from './shard-keys.ts'
import { LinkMaker } from './shard-links.ts'
import { shardLost } from './shard-lost.ts'
import type { RowsOfShard } from './row-cutter.ts'
import type {
  ClosedShard,
  Closing,
  LookedAt,
  ReadRecords,
  SentBatch,
  SharedPartition,
  ShardMessage,
  TakenRows,
} from './shard-messages.ts'
import type { TracedMerges } from './traced-in-shard.ts'
import { type Verdicts, VerdictsOfEpoch } from './verdicts.ts'

/** What leaves the shards. */
export interface ShardEvents {
  /** @param recycle - Gives the memory of the batch back, once nobody reads it. */
  onBatch(batch: OutputBatch, recycle: () => void): void
  /**
   * Merges are handed on, as `MergesOnward` has made bytes of them. Where this throws, the life is over.
   *
   * @returns What has become of them; undefined where the shard need not know.
   */
  onMerges(merges: Uint8Array): Verdicts | undefined
  /** A shard has published merges whose traces are followed. */
  onTraced(traced: TracedMerges): void
  /** A row of records that are being taken in is not in the table. */
  onRefused(partition: number, offset: number, reason: number): void
  /** A part has left the table without being merged. */
  onDropped(partition: number, offset: number, reason: number): void
}

/** Completed keys of which each shard has its own. */
export interface RememberedInShards {
  readonly kept: readonly KeptKeys[]
  /** Those with numbers below are forgotten. */
  readonly forgotten: number
}

/** An answer is waited for without a bound: a thread that is blocked is found and ended by what runs it. */
const wait = { timeoutMs: 2 ** 31 - 1 }
/** Beginnings of a life in a row during which threads end. */
const beginningsMax = 100

export class ShardedTable {
  readonly #shards: readonly ActorRef<ShardMessage>[]
  readonly #events: ShardEvents
  readonly #links: LinkMaker
  readonly #cut: CutProgress
  /** By shard: memory of batches that goes back to it. */
  readonly #returned: ArrayBufferLike[][]
  readonly #open = new Set<Promise<unknown>>()
  /** By shard: what has become of the merges that the current epoch has handed on. */
  #verdicts: VerdictsOfEpoch[] = []
  #life = 0
  /** What has ended the life, once something has. */
  #failure: unknown

  /** @param ringBytes - @see LinkMaker */
  constructor(shards: readonly ActorRef<ShardMessage>[], events: ShardEvents, ringBytes?: number) {
    this.#shards = shards
    this.#events = events
    this.#returned = shards.map(() => [])
    this.#links = new LinkMaker(shards.length, ringBytes)
    this.#cut = new CutProgress(shards.length, (shard) => void this.#takeCut(shard))
  }

  /**
   * Begins a life: takes back all that has not committed, in all shards. Where a thread ends meanwhile it begins anew.
   *
   * @returns Those that have nothing that was before: their rows are to be read again, and settled.
   * @throws MillraceError `SHARD_LOST` where that is so time and again
   */
  async begin(): Promise<number[]> {
    const areNew = new Set<number>()
    for (let attempt = 1; ; attempt++) {
      const life = ++this.#life
      this.#open.clear()
      this.#returned.forEach((_, shard) => (this.#returned[shard] = []))
      this.#failure = undefined
      this.#beginVerdicts()
      const message = { type: 'begin' as const, life, links: this.#links.begin(life, () => this.#cut.call()) }
      this.#cut.begin()
      const asked = this.#shards.map((_, shard) => this.#ask(shard, (ref) => ref.ask(message, wait)))
      const answers = await Promise.allSettled(asked)
      for (const [shard, answer] of answers.entries()) {
        if (answer.status === 'rejected' || answer.value === true) areNew.add(shard)
      }
      const failed = answers.find(({ status }) => status === 'rejected')
      if (failed === undefined) return [...areNew]
      if (attempt === beginningsMax) throw (failed as PromiseRejectedResult).reason
    }
  }

  /**
   * Drops the rows and completed keys of all shards, and gives these out anew.
   *
   * @param areRowsRead - Whether what is pending is read again, whatever it takes.
   * @param keys - @defaultValue none are remembered
   */
  async empty(
    areRowsRead: boolean,
    { kept, forgotten }: RememberedInShards = { kept: [], forgotten: 0 },
  ): Promise<void> {
    const life = this.#life
    await Promise.all(
      this.#shards.map((_, shard) => {
        // Bytes with a buffer of their own are given away, and others need these too.
        const keys = kept.map(({ from, bytes }) => ({ from, bytes: bytes.slice() }))
        return this.#ask(shard, (ref) => ref.ask({ type: 'empty', life, areRowsRead, keys, forgotten }, wait))
      }),
    )
  }

  /**
   * The epoch that was closed has ended: its keys are numbered, and others forgotten, before anything comes of the next.
   *
   * @param from - The number of the first one that it has completed.
   */
  number(closed: readonly ClosedShard[], from: number, forgotten: number): void {
    let next = from
    for (const [shard, { completed }] of closed.entries()) {
      void this.#shards[shard]!.tell({ type: 'number', life: this.#life, from: next, forgotten })
      next += completed.count
    }
  }

  /** Sets which timestamps the sink takes; rows that would be merged with others leave. */
  takeTimes(earliestMs: number, latestMs: number, nowMs: number): void {
    for (const shard of this.#shards) void shard.tell({ type: 'times', life: this.#life, earliestMs, latestMs, nowMs })
  }

  /**
   * Takes in the records of a partition. Resolves when they are in the table; the order of calls is that of the records.
   *
   * @param reread - Offsets of those that are read again, because shards have lost them. @defaultValue all are new
   * @returns What was read; undefined where another life has begun meanwhile.
   * @throws MillraceError `SHARD_LOST` where a thread has ended: then all shards are to begin another life.
   */
  take(records: SharedPartition, reread?: Float64Array): Promise<ReadRecords | undefined> {
    return this.#opened(this.#take(records, reread, this.#life))
  }

  /**
   * Takes in rows that were made ready and cut by shard. Resolves when they are in the table; the order of calls is that
   * of the rows.
   *
   * @returns Whether they are: false where another life has begun meanwhile.
   * @throws MillraceError `SHARD_LOST`
   */
  takeRows(rows: readonly RowsOfShard[]): Promise<boolean> {
    return this.#opened(this.#takeRows(rows, this.#life))
  }

  /**
   * Closes the current epoch once all that was given is in the table. Meanwhile nothing may be given.
   *
   * @param closing - What is done with its rows before. @defaultValue they have been in epochs before
   * @returns What it has come to, shard by shard; nothing where another life has begun meanwhile.
   * @throws MillraceError `SHARD_LOST`
   */
  async close(closing?: Closing): Promise<ClosedShard[]> {
    const life = this.#life
    const closed = await Promise.all(
      this.#shards.map(async (_, shard) => {
        const ask = (ref: ActorRef<ShardMessage>) => ref.ask({ type: 'close', life, closing } as const, wait)
        return await this.#askCut(shard, ask, ({ taken }) => taken)
      }),
    )
    if (life !== this.#life) return []
    await Promise.all(this.#open)
    assert(this.#open.size === 0, 'nothing is given to the table while an epoch closes')
    const verdicts = this.#verdicts
    this.#beginVerdicts()
    return closed.map((each, shard) => ({ ...each!, completed: verdicts[shard]!.confirmed(each!.completed) }))
  }

  /**
   * Looks at rows that wait for optional sides, while no epoch is open.
   *
   * @returns What each shard says of them; nothing where another life has begun meanwhile.
   * @throws MillraceError `SHARD_LOST`
   */
  async look(monotonicMs: number): Promise<LookedAt[]> {
    const life = this.#life
    const looked = await Promise.all(
      this.#shards.map((_, shard) => this.#ask(shard, (ref) => ref.ask({ type: 'look', life, monotonicMs }, wait))),
    )
    return looked.filter((each) => each !== undefined)
  }

  /** The oldest closed epoch is durable. */
  commit(): void {
    for (const shard of this.#shards) void shard.tell({ type: 'commit', life: this.#life })
  }

  async #take(
    records: SharedPartition,
    reread: Float64Array | undefined,
    life: number,
  ): Promise<ReadRecords | undefined> {
    const own = records.partition % this.#shards.length
    const returned = this.#returned[own]!
    this.#returned[own] = []
    const message = { type: 'take' as const, life, records, reread, returned }
    const taken = await this.#askCut(own, (ref) => ref.ask(message, wait))
    if (taken === undefined) return undefined
    await this.#cut.until(own, taken.written)
    return life === this.#life ? taken : undefined
  }

  async #takeRows(rows: readonly RowsOfShard[], life: number): Promise<boolean> {
    await Promise.all(
      rows.map(async ({ shard, batch, laneCount }) => {
        await this.#askCut(shard, (ref) => ref.ask({ type: 'takeRows', life, batch, laneCount }, wait))
      }),
    )
    return life === this.#life
  }

  /** What is on its way until it is settled. */
  #opened<Taken>(taking: Promise<Taken>): Promise<Taken> {
    this.#open.add(taking)
    const forget = () => void this.#open.delete(taking)
    taking.then(forget, forget)
    return taking
  }

  /** Has a shard take in what others have cut out for it. */
  async #takeCut(shard: number): Promise<void> {
    const life = this.#life
    await this.#askCut(shard, (ref) => ref.ask({ type: 'takeCut', life }, wait)).catch(() => {
      // Those who wait for it have been told.
    })
  }

  /**
   * Asks a shard something with which it also takes in what others have cut out, and tells what came of that: of each
   * shard in the order of its answers, whoever waits for them. Where rows are deferred it is asked again, and knows by
   * then what has become of the merges that it has handed on: so each time there are fewer that these may wait for.
   */
  async #askCut<Answer = TakenRows>(
    shard: number,
    ask: (ref: ActorRef<ShardMessage>) => Promise<Answer | undefined>,
    takenOf: (answer: Answer) => TakenRows = (answer) => answer as TakenRows,
  ): Promise<Answer | undefined> {
    this.#cut.asked(shard)
    const answer = await this.#ask(shard, ask)
    if (answer === undefined) return undefined
    for (let taken = takenOf(answer); ;) {
      const { isDeferring } = taken
      // It is not idle in between.
      if (isDeferring) this.#cut.asked(shard)
      try {
        this.#tell(shard, taken)
      } catch (error) {
        this.#fail(error)
        throw error
      }
      if (!isDeferring) return answer
      const life = this.#life
      const next = await this.#ask(shard, (ref) => ref.ask({ type: 'takeCut', life }, wait))
      if (next === undefined) return undefined
      taken = next
    }
  }

  /** @returns undefined where another life has begun meanwhile. */
  async #ask<Answer>(
    shard: number,
    ask: (ref: ActorRef<ShardMessage>) => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    const life = this.#life
    const answer = await ask(this.#shards[shard]!).catch((error: unknown) => {
      if (life === this.#life) this.#fail(faultOf(shard, error))
      throw faultOf(shard, error)
    })
    if (life !== this.#life) return undefined
    if (answer === undefined) {
      // It knows this life no more: it is a new one, or has given up because another one has ended.
      this.#fail(shardLost(shard))
      throw this.#failure
    }
    return answer
  }

  /** The life is over: those who wait for another shard, here or on its thread, wait in vain. */
  #fail(error: unknown): void {
    this.#failure ??= error
    this.#links.end()
    this.#cut.fail(this.#failure)
  }

  #judge(shard: number, merges: Uint8Array): void {
    const verdicts = this.#events.onMerges(merges)
    if (verdicts === undefined) return
    this.#verdicts[shard]!.note(verdicts)
    void this.#shards[shard]!.tell({ type: 'judged', life: this.#life, verdicts })
  }

  /** Those of an epoch. */
  #beginVerdicts(): void {
    this.#verdicts = this.#shards.map(() => new VerdictsOfEpoch())
  }

  #tell(shard: number, { refused, dropped, batches, merges, traced, read }: TakenRows): void {
    for (const sent of batches) {
      this.#events.onBatch(batchOf(sent), () => this.#returned[shard]!.push(sent.memory))
    }
    if (merges !== undefined) this.#judge(shard, merges)
    if (traced !== undefined) this.#events.onTraced(traced)
    for (let at = 0; at < refused.length; at += 3) {
      this.#events.onRefused(refused[at]!, refused[at + 1]!, refused[at + 2]!)
    }
    for (let at = 0; at < dropped.length; at += 3) {
      this.#events.onDropped(dropped[at]!, dropped[at + 1]!, dropped[at + 2]!)
    }
    this.#cut.answered(shard, read)
  }
}

/** What a shard has failed with by itself, a full table say; else its thread has ended. */
function faultOf(shard: number, error: unknown): unknown {
  if (!MillraceError.is(error)) return error
  const { cause } = error
  return MillraceError.is(cause) && !cause.retryable && cause.code !== 'ACTOR_THREAD_DOWN'
    ? cause
    : shardLost(shard, error)
}

function batchOf({ memory, partition, finished, ...rest }: SentBatch): OutputBatch {
  const batch = OutputBatch.over(memory)
  batch.reset(0, partition)
  batch.wereFinished(finished)
  return Object.assign(batch, rest)
}
