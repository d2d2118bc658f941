/**
 * Sharded correlate: stands in place of the correlation where the pending table is in shards on threads. It hands out
 * what was fetched, or the rows that operators have made of it, and draws the border of epochs.
 *
 * State: what was fetched and has no room in the current epoch; what is in the shards and not accounted for yet, in the
 * order in which it was given. Table, account and the schedule of epochs outlive this actor.
 * Steps for what was fetched of a partition: have its shard take it in; count what was passed over; write dead letters
 * of rows that were not taken in, whose records are read once more here for that. Rows are cut by shard, and held until
 * all shards have theirs. Epochs are cut between such pieces.
 * To close one: wait until all that was given is in some shard and accounted for, close it in all shards, and add up
 * what it has come to there.
 * A shard whose thread has ended ends this actor too, which does not count as a crash: the next life takes back, in all
 * shards, what has not committed, and all pending parts are read again, because rows of one shard are parts of records
 * of all partitions.
 * Cost per record: nothing but for those that become dead letters; of rows a hash, and a copy of key and part.
 */
import { type ActorContext, type ActorRef, defineActor, type Reply } from '../../actors/index.ts'
import { awaitedPollMs } from '../optional/awaited-sweep.ts'
import { sweepPollMs } from '../expiry/table-sweep.ts'
import { DeadLetterNotice } from '../logs/dead-letter-notice.ts'
import { EpochDoubt } from '../poison/epoch-doubt.ts'
import { SourceStreaks } from '../poison/source-streaks.ts'
import { closeEpoch } from '../recovery/program-state.ts'
import type { Session } from '../recovery/session.ts'
import type { PromotablePart } from '../retention/promotable-part.ts'
import { Promoter } from '../retention/promoter.ts'
import type { Life } from '../runtime/life.ts'
import type { CorrelateMessage, SinkMessage } from '../runtime/messages.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { leftRowsIn } from '../shards/left-rows.ts'
import { MergesFromShards } from '../shards/merges-from-shards.ts'
import { ShardIntake } from '../shards/shard-intake.ts'
import type { ShardedTable } from '../shards/sharded-table.ts'
import type { TableOfLives } from '../shards/table-of-lives.ts'
import { addCounts, changesOf, type Shards } from '../shards/shards.ts'
import { mergedSink } from '../topics/program-topics.ts'
import type { CorrelateParts } from './correlate.ts'
import { EpochBorder } from './epoch-border.ts'
import { EpochTimer } from './epoch-timer.ts'
import { Outputs } from './outputs.ts'

/** Pieces that each shard has at a time: the one that it is at, and what it goes on with while the main thread is busy. */
const piecesPerShard = 3

export interface ShardedParts extends CorrelateParts {
  readonly shards: Shards
  readonly table: TableOfLives
}

export type ShardedCorrelateMessage =
  | Exclude<CorrelateMessage, { readonly type: 'recalled' | 'ends' }>
  /** A piece is accounted for, so there may be room for another one. */
  | { readonly type: 'taken'; readonly incarnation: number }
  | { readonly type: 'failed'; readonly incarnation: number; readonly error: unknown }
  /** All pending parts have been given; answered when they are in the table for good. */
  | { readonly type: 'restored'; readonly incarnation: number; readonly reply: Reply<void> }

export const shardedCorrelate = (parts: ShardedParts) => {
  const { services, session, table } = parts
  const { plan, logger, clock } = services
  const notice = new DeadLetterNotice(plan.name, logger, clock)
  const streaks = new SourceStreaks(services, session)
  return defineActor<ShardedCorrelateMessage, ShardedCorrelation>({
    name: plan.correlate.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    countsAgainstIntensity: (error) => table.countsAsCrash(error),
    init: (context) => ShardedCorrelation.begin(parts, { notice, streaks }, context),
    onStop: (correlation) => correlation.stop(),
    handleInPlace: {
      rows: (correlation, { batch }) => correlation.take(batch),
      taken: (correlation, { incarnation }) => correlation.taken(incarnation),
      failed: (correlation, { incarnation, error }) => correlation.fail(incarnation, error),
      restored: (correlation, { incarnation, reply }) => correlation.restored(incarnation, reply),
      tick: (correlation, { incarnation }) => correlation.tick(incarnation),
      committed: (correlation, { incarnation }) => correlation.committed(incarnation),
      promotable: (correlation, message) => correlation.promote(message),
      expire: (correlation, { reply }) => correlation.expire(reply),
      drain: (correlation, { reply }) => correlation.drain(reply),
    },
  })
}

/** What is known of dead letters, over all lives. */
interface LettersSeen {
  readonly notice: DeadLetterNotice
  readonly streaks: SourceStreaks
}

class ShardedCorrelation {
  readonly #services: Services
  readonly #session: Session
  readonly #life: Life
  readonly #shards: Shards
  readonly #letters: LettersSeen
  readonly #onCommitted: () => void
  readonly #self: ActorRef<ShardedCorrelateMessage>
  readonly #sink: ActorRef<SinkMessage>
  readonly #outputs: Outputs
  readonly #lives: TableOfLives
  readonly #table: ShardedTable
  readonly #intake: ShardIntake
  readonly #doubt: EpochDoubt
  readonly #timer: EpochTimer
  readonly #promoter: Promoter
  /** What has come and is not given to a shard: no more batches than the pool has. */
  readonly #pending: RowBatch[] = []
  /** Pieces that are in shards, and not accounted for. */
  #openPieces = 0
  /** Settles when all of them are accounted for. */
  #accounted: Promise<void> = Promise.resolve()
  readonly #border: EpochBorder
  #drains: Reply<void>[] = []

  private constructor(
    { services, session, ports, shards, table, onCommitted }: ShardedParts,
    letters: LettersSeen,
    context: ActorContext<ShardedCorrelateMessage>,
  ) {
    const { plan, clock } = services
    const { notice, streaks } = letters
    this.#services = services
    this.#session = session
    this.#life = session.lives.current
    this.#shards = shards
    this.#letters = letters
    this.#onCommitted = onCommitted
    this.#self = context.self
    this.#sink = context.ref<SinkMessage>(plan.writerId)
    this.#outputs = new Outputs(services, session, notice)
    this.#doubt = new EpochDoubt(services, session)
    streaks.reset()
    const [outputs, life, doubt] = [this.#outputs, this.#life, this.#doubt]
    this.#border = new EpochBorder({ services, session, outputs, doubt, notice, sink: this.#sink })
    this.#intake = new ShardIntake({ services, session, shards, outputs, streaks, doubt })
    const merges = new MergesFromShards({ services, session, outputs, intake: this.#intake })
    this.#lives = table
    this.#table = table.in(context, {
      onBatch(batch, recycle) {
        batch.sink = mergedSink
        outputs.takeFilled(batch, recycle)
      },
      onMerges: (handedOn) => merges.take(handedOn),
      onTraced: (traced) => merges.follow(traced),
      onRefused: (partition, offset, reason) => this.#intake.refuse(partition, offset, reason),
      onDropped: (partition, offset, reason) => this.#intake.drop(partition, offset, reason),
    })
    const { incarnation } = this.#life
    const onTick = () => void this.#self.tell({ type: 'tick', incarnation })
    const { expiry, withinMs } = plan.correlate
    const polls = () => [sweepPollMs(expiry), withinMs && awaitedPollMs(withinMs, shards.arePassing)]
    this.#timer = new EpochTimer({ clock, session, life, outputs, doubt, polls, onTick })
    this.#promoter = new Promoter(services, session, ports.sourceLog, (parts) => {
      void this.#self.tell({ type: 'promotable', incarnation, parts })
    })
  }

  /** Begins a life: the sink has brought the state to the last committed epoch, and the shards go there too. */
  static async begin(
    parts: ShardedParts,
    letters: LettersSeen,
    context: ActorContext<ShardedCorrelateMessage>,
  ): Promise<ShardedCorrelation> {
    const { state } = parts.session
    const correlation = new ShardedCorrelation(parts, letters, context)
    if (await parts.table.begin(state.epochs)) {
      if (state.restoration.isDone) state.restoration.repeat()
      const { kept = [], counts = { forgotten: 0 } } = state.remembered ?? {}
      const areRowsRead = !state.restoration.isDone
      if (areRowsRead || kept.length > 0) await correlation.#table.empty(areRowsRead, { kept, ...counts })
    }
    parts.shards.beginSweeps()
    correlation.#timer.arm()
    return correlation
  }

  async take(batch: RowBatch): Promise<void> {
    if (batch.incarnation !== this.#life.incarnation) return
    this.#pending.push(batch)
    await this.#work()
  }

  async taken(incarnation: number): Promise<void> {
    if (incarnation === this.#life.incarnation) await this.#work()
  }

  fail(incarnation: number, error: unknown): void {
    if (incarnation === this.#life.incarnation) throw error
  }

  async restored(incarnation: number, reply: Reply<void>): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    const { restoration } = this.#session.state
    await this.#accounted
    const closed = await this.#table.close()
    if (this.#isOver) return
    restoration.finish(changesOf(closed))
    this.#table.commit()
    this.#shards.note(closed)
    reply()
  }

  async tick(incarnation: number): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    this.#timer.disarm()
    // An open one takes them when it closes; to open it again would tell that rows have come.
    if (!this.#session.schedule.isOpen && (this.#areRowsDue || (await this.#areAwaitedDue()))) this.#timer.open()
    if (this.#isDue) await this.#close()
    else this.#timer.arm()
    await this.#work()
  }

  async committed(incarnation: number): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    const { state, schedule } = this.#session
    const nowMs = this.#services.clock.monotonicMs()
    schedule.committed(nowMs)
    state.epochs.commit()
    this.#lives.commit()
    this.#border.committed(nowMs)
    this.#onCommitted()
    void this.#promoter.look()
    if (this.#isDue || (this.#drains.length > 0 && !schedule.isOpen)) await this.#close()
    else this.#timer.arm()
    await this.#work()
  }

  promote({ incarnation, parts }: { incarnation: number; parts: readonly PromotablePart[] }): void {
    if (incarnation !== this.#life.incarnation) return
    this.#session.state.promoted.addOverdue(parts)
    this.#timer.open()
  }

  async expire(reply: Reply<boolean>): Promise<void> {
    if (!this.#areRowsDue) return reply(false)
    this.#timer.open()
    this.#drains.push(() => reply(this.#shards.areSweeping))
    await this.#close()
  }

  async drain(reply: Reply<void>): Promise<void> {
    this.#drains.push(reply)
    if (this.#timer.isInDoubt) this.#timer.arm()
    else await this.#close()
  }

  stop(): void {
    this.#timer.disarm()
    this.#promoter.stop()
    this.#letters.notice.stop()
  }

  /** Gives what has come to shards, until the epoch after the one that is being committed is full. */
  async #work(): Promise<void> {
    const { timeOfDay } = this.#services
    const { schedule } = this.#session
    const { budget } = this.#life
    if (this.#outputs.hasFilled) await this.#outputs.send(this.#sink)
    if (this.#isDue) await this.#close()
    const piecesMax = piecesPerShard * this.#shards.count
    for (let batch = this.#pending[0]; batch !== undefined; batch = this.#pending[0]) {
      if (this.#openPieces >= piecesMax || (schedule.isCommitting && this.#timer.roomBytes === 0)) return
      if (budget.isExceeded) await budget.available()
      if (timeOfDay.isDue) await timeOfDay.ask()
      this.#pending.shift()
      this.#give(batch)
    }
  }

  #give(batch: RowBatch): void {
    const { restoration } = this.#session.state
    if (restoration.isDone) {
      if (!this.#session.schedule.isOpen) this.#takeTimes()
      this.#timer.open()
    }
    const { incarnation } = this.#life
    const taking = this.#intake.give(batch, this.#table)
    this.#openPieces++
    const accounted = this.#accounted.then(async () => {
      const read = await taking
      if (read === undefined || this.#isOver) return
      this.#intake.end(read)
      this.#openPieces--
      void this.#self.tell({ type: 'taken', incarnation })
    })
    this.#accounted = accounted
    // It is waited for after what was given before, which may fail as well.
    taking.catch(() => {})
    accounted.catch((error: unknown) => void this.#self.tell({ type: 'failed', incarnation, error }))
  }

  #takeTimes(): void {
    const { earliestMs, latestMs } = this.#outputs.mergedTimes
    this.#table.takeTimes(earliestMs, latestMs, this.#services.timeOfDay.nowMs())
  }

  /** Whether another life has begun, which nobody waits with until a thread has answered. */
  get #isOver(): boolean {
    return this.#life !== this.#session.lives.current
  }

  /** Whether rows may have to leave that have expired. */
  get #areRowsDue(): boolean {
    const { plan } = this.#services
    const { restoration, pending } = this.#session.state
    const { expiry } = plan.correlate
    if (expiry === undefined || !restoration.isDone || pending.count === 0) return false
    return this.#shards.areRowsDue(expiry, this.#deadlineMs)
  }

  /** Whether rows have waited long enough for optional sides. */
  async #areAwaitedDue(): Promise<boolean> {
    const { plan, clock } = this.#services
    const { restoration, pending } = this.#session.state
    if (plan.correlate.withinMs === undefined || !restoration.isDone || pending.count === 0) return false
    const looked = await this.#table.look(clock.monotonicMs())
    if (this.#isOver) return false
    this.#shards.arePassing = looked.some(({ isPassing }) => isPassing)
    return looked.some(({ isDue }) => isDue)
  }

  /** The time by which rows expire. */
  get #deadlineMs(): number {
    return this.#session.state.deadlines.nowMs(this.#services.timeOfDay.nowMs())
  }

  get #isDue(): boolean {
    return this.#timer.isDue(this.#drains.length > 0)
  }

  /** Draws the border of the current epoch and sends it to be committed. */
  async #close(): Promise<void> {
    const { plan, clock, timeOfDay, statistics } = this.#services
    const { state, schedule } = this.#session
    if (schedule.isCommitting) return
    if (!schedule.isOpen && !(state.isEpochDue && state.restoration.isDone)) {
      for (const reply of this.#drains.splice(0)) reply()
      return this.#timer.arm()
    }
    this.#timer.disarm()
    this.#border.draw()
    if (timeOfDay.isDue) await timeOfDay.ask()
    await this.#accounted
    if (plan.correlate.withinMs !== undefined) this.#takeTimes()
    const closing = {
      nowMs: this.#deadlineMs,
      monotonicMs: clock.monotonicMs(),
      roomBytes: schedule.sideBytes / this.#shards.count,
    }
    const closed = await this.#table.close(closing)
    if (this.#isOver) return
    for (const { left } of closed) for (const row of leftRowsIn(left)) this.#outputs.expire(row)
    this.#lives.closed(state.epochs.committed + 1)
    addCounts(state.accounting.current, closed)
    this.#shards.note(closed)
    statistics.pendingRowsMax = Math.max(statistics.pendingRowsMax, this.#shards.rowCount)
    const completedBefore = state.remembered?.counts.count
    const offsets = closeEpoch(state, this.#outputs.checkpoint, timeOfDay.nowMs(), changesOf(closed))
    if (completedBefore !== undefined) {
      this.#table.number(closed, completedBefore, state.remembered!.counts.forgotten)
    }
    await this.#border.send(offsets)
  }
}
