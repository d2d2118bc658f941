/**
 * Correlate: gathers the parts of each key, publishes the merge when the last one comes, and draws the border of
 * epochs.
 *
 * State: batches of rows that have no room in the current epoch; who waits for an epoch. Table, account and the
 * schedule of epochs are the session's and outlive this actor.
 * One epoch may be on its way to the broker while the next one is computed; the one after waits, because its border
 * cannot be drawn before the other has ended.
 * Invariant: what left for the sink before a `commit` message is the effect of exactly the offsets that message names.
 * Steps for a batch: apply to the table as many rows as have room in the epoch, count what was passed over, write dead
 * letters, send full batches on; close the epoch if the schedule says so; go on with the other rows.
 * Cost per record: see the pending table.
 */
import { type ActorContext, type ActorRef, defineActor, type Reply } from '../../actors/index.ts'
import { ColdExpiry } from '../cold/cold-expiry.ts'
import { Paging } from '../cold/paging.ts'
import { FullTable } from '../expiry/full-table.ts'
import { SourceEnds, type ToldAndEnds } from '../expiry/source-ends.ts'
import { TableSweep } from '../expiry/table-sweep.ts'
import { PartRecords } from '../dead-letters/part-records.ts'
import { DeadLetterNotice } from '../logs/dead-letter-notice.ts'
import { EpochDoubt } from '../poison/epoch-doubt.ts'
import { SourceStreaks } from '../poison/source-streaks.ts'
import { closeEpoch } from '../recovery/program-state.ts'
import { AwaitedSweep } from '../optional/awaited-sweep.ts'
import type { Session } from '../recovery/session.ts'
import type { PromotablePart } from '../retention/promotable-part.ts'
import { Promoter } from '../retention/promoter.ts'
import type { Life } from '../runtime/life.ts'
import type { CorrelateMessage, RecallMessage, SinkMessage } from '../runtime/messages.ts'
import type { Ports } from '../runtime/ports.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { changesTables, recallId, tellsTimes } from '../topology/plan.ts'
import { TableCompaction } from '../runtime/table-compaction.ts'
import { WindowWork } from '../windows/window-work.ts'
import { EpochBorder } from './epoch-border.ts'
import { EpochTimer } from './epoch-timer.ts'
import { Outputs } from './outputs.ts'
import { RoutedProgress } from '../tasks/routed-progress.ts'
import { RoutedRows } from '../tasks/routed-rows.ts'
import { RowIntake } from './row-intake.ts'

export interface CorrelateParts {
  readonly services: Services
  readonly session: Session
  readonly ports: Pick<Ports, 'sourceLog' | 'promotedParts'>
  /** Called after each committed epoch. */
  readonly onCommitted: () => void
}

export const correlate = (parts: CorrelateParts) => {
  const { plan, logger, clock } = parts.services
  const notice = new DeadLetterNotice(plan.name, logger, clock)
  const streaks = new SourceStreaks(parts.services, parts.session)
  return defineActor<CorrelateMessage, Correlation>({
    name: plan.correlate.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => new Correlation(parts, { notice, streaks }, context),
    onStop: (correlation) => correlation.stop(),
    handleInPlace: {
      rows: (correlation, { batch }) => correlation.take(batch),
      tick: (correlation, { incarnation }) => correlation.tick(incarnation),
      committed: (correlation, { incarnation }) => correlation.committed(incarnation),
      recalled: (correlation, { incarnation }) => correlation.recalled(incarnation),
      ends: (correlation, { incarnation, answer }) => correlation.takeEnds(incarnation, answer),
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

class Correlation {
  readonly #services: Services
  readonly #session: Session
  readonly #life: Life
  readonly #onCommitted: () => void
  readonly #self: ActorRef<CorrelateMessage>
  readonly #sink: ActorRef<SinkMessage>
  readonly #outputs: Outputs
  readonly #notice: DeadLetterNotice
  readonly #sweep: TableSweep | undefined
  /** Absent where rows do not leave a full table for good. */
  readonly #fullTable: FullTable | undefined
  /** Absent where all pending parts are in the table. */
  readonly #paging: Paging | undefined
  readonly #awaited: AwaitedSweep | undefined
  /** Absent where records are merged. */
  readonly #windows: WindowWork | undefined
  /** Absent where no time has to be told to those who read what is routed. */
  readonly #progress: RoutedProgress | undefined
  /** Absent where no routed parts tell the time. */
  readonly #sourceEnds: SourceEnds | undefined
  readonly #compaction: TableCompaction
  readonly #promoter: Promoter
  readonly #partRecords: PartRecords
  readonly #doubt: EpochDoubt
  readonly #intake: RowIntake
  /** What has come and is not applied, in part or at all: no more batches than the pool has. */
  readonly #pending: RowBatch[] = []
  /** Whether functions change tables: so what was made of a batch of the source belongs to one epoch. */
  readonly #areTakenWhole: boolean
  /** Whether a part of that is in the current epoch, and the rest is to come. */
  #isWithin = false
  readonly #border: EpochBorder
  readonly #timer: EpochTimer
  /** Whether rows have been recalled for reads since a batch was taken in. */
  #hasRecalledRead = false
  #drains: Reply<void>[] = []

  constructor(
    { services, session, ports, onCommitted }: CorrelateParts,
    { notice, streaks }: LettersSeen,
    context: ActorContext<CorrelateMessage>,
  ) {
    const { plan, options, timeOfDay, clock } = services
    const { withinMs, expiry, memory, whenFull } = plan.correlate
    const { state } = session
    this.#services = services
    this.#session = session
    this.#areTakenWhole = changesTables(plan)
    this.#life = session.lives.current
    this.#onCommitted = onCommitted
    this.#self = context.self
    this.#sink = context.ref<SinkMessage>(plan.writerId)
    this.#notice = notice
    streaks.reset()
    this.#outputs = new Outputs(services, session, notice)
    const { expiredRows } = this.#outputs
    const sweep = new TableSweep(expiry, state, timeOfDay, expiredRows)
    const evicts = whenFull === 'expire-oldest'
    this.#sweep = expiry !== undefined || memory !== undefined || evicts ? sweep : undefined
    this.#fullTable = evicts ? new FullTable(sweep, state.table, options.pendingBytesMax) : undefined
    this.#awaited = withinMs === undefined ? undefined : new AwaitedSweep(withinMs, state, clock)
    this.#windows = WindowWork.of(services, session, this.#outputs.ofResults)
    this.#compaction = new TableCompaction(state.table, clock)
    this.#doubt = new EpochDoubt(services, session)
    const { incarnation } = this.#life
    this.#paging =
      state.cold &&
      new Paging(
        state.cold,
        state,
        new ColdExpiry({ expiry, deadlines: state.deadlines, timeOfDay, sweep }),
        (recall) => {
          void context.ref<RecallMessage>(recallId(plan)).tell({ type: 'recall', incarnation, recall })
        },
      )
    const [outputs, life, doubt, windows] = [this.#outputs, this.#life, this.#doubt, this.#windows]
    this.#border = new EpochBorder({ services, session, outputs, doubt, notice, sink: this.#sink })
    const fullTable = this.#fullTable ?? this.#paging
    const sideNames = plan.sides.map(({ name }) => name)
    const routed =
      plan.layout === 'routed'
        ? new RoutedRows(state.table.routes, outputs.ofRouted, sideNames, session.sources.partitions)
        : undefined
    const { eventClock, tasks } = state
    if (tellsTimes(plan))
      this.#progress = new RoutedProgress(outputs.ofRouted, session.sources.partitions, tasks, eventClock!)
    this.#intake = new RowIntake({ services, session, outputs, windows, routed, fullTable, streaks, doubt })
    const polls = () => [
      this.#sweep?.pollMs,
      this.#awaited?.pollMs,
      this.#windows?.closing.pollMs,
      this.#compaction.dueMs,
    ]
    const onTick = () => void this.#self.tell({ type: 'tick', incarnation })
    this.#timer = new EpochTimer({ clock, session, life, outputs, doubt, polls, onTick })
    this.#promoter = new Promoter(services, session, ports.sourceLog, (parts) => {
      void this.#self.tell({ type: 'promotable', incarnation, parts })
    })
    this.#partRecords = new PartRecords(services, session, ports, context.signal)
    if (eventClock !== undefined && services.topics.recordTopics !== undefined) {
      this.#sourceEnds = new SourceEnds(services, eventClock, ports.sourceLog, (answer) => {
        void this.#self.tell({ type: 'ends', incarnation, answer })
      })
      this.#sourceEnds.look()
    }
    this.#timer.arm()
    // Others are to know at once how far the sources are read, though nothing may be there to be read.
    if (this.#progress !== undefined) this.#timer.open()
    state.reads.onCold = onTick
    // The sink has brought the table to the last committed epoch.
    state.reads.look()
  }

  async take(batch: RowBatch): Promise<void> {
    if (batch.incarnation !== this.#life.incarnation) return
    if (batch.columns.areRecalled) {
      this.#paging!.take(batch)
      return batch.release()
    }
    this.#pending.push(batch)
    await this.#work()
  }

  async recalled(incarnation: number): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    const isOverdue = this.#paging!.end()
    this.#session.state.reads.look()
    if (isOverdue) {
      this.#sweep?.beginAnew()
      this.#timer.open()
    }
    if (this.#drains.length > 0) await this.#close()
    else this.#timer.arm()
    await this.#work()
  }

  async tick(incarnation: number): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    this.#timer.disarm()
    // What is read again has been in epochs: none is open before it is all there.
    const areRowsDue =
      this.#session.state.restoration.isDone &&
      (this.#sweep?.areRowsDue() || this.#awaited?.look() || this.#windows?.closing.areDue)
    // An open one takes them when it closes; to open it again would tell that rows have come.
    if (areRowsDue === true && !this.#session.schedule.isOpen) this.#timer.open()
    this.#compaction.run()
    if (this.#isDue && !this.#session.state.table.isFull) await this.#close()
    else this.#timer.arm()
    await this.#work()
  }

  /** Rows may have expired by what was told before. */
  async takeEnds(incarnation: number, { told, endOffsets }: ToldAndEnds): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    this.#session.state.eventClock!.confirm(told, endOffsets)
    await this.tick(incarnation)
  }

  async committed(incarnation: number): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    const { state, schedule } = this.#session
    const nowMs = this.#services.clock.monotonicMs()
    schedule.committed(nowMs)
    state.epochs.commit()
    this.#compaction.run()
    this.#border.committed(nowMs)
    this.#onCommitted()
    void this.#promoter.look()
    // What has left may have made room, without which rows are to leave before the next border.
    const isDue = this.#isDue || (this.#drains.length > 0 && !schedule.isOpen)
    if (isDue && !state.table.isFull) await this.#close()
    else this.#timer.arm()
    await this.#work()
  }

  promote({ incarnation, parts }: { incarnation: number; parts: readonly PromotablePart[] }): void {
    if (incarnation !== this.#life.incarnation) return
    this.#session.state.promoted.addOverdue(parts)
    this.#timer.open()
  }

  async expire(reply: Reply<boolean>): Promise<void> {
    const sweep = this.#sweep
    if (sweep?.areRowsDue() !== true) return reply(false)
    this.#timer.open()
    this.#drains.push(() => reply(sweep.isSweeping))
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
    this.#sourceEnds?.stop()
    this.#notice.stop()
  }

  /** Applies what has come, until the epoch after the one that is being committed is full. */
  async #work(): Promise<void> {
    const { timeOfDay } = this.#services
    const { schedule } = this.#session
    const { budget } = this.#life
    if (this.#paging !== undefined && !this.#isWithin) {
      if ((await this.#recallOverdue(this.#paging)) || (await this.#recallRead(this.#paging))) return
    }
    for (let batch = this.#pending[0]; batch !== undefined; batch = this.#pending[0]) {
      if (this.#paging?.isRecalling === true) return
      if (schedule.isCommitting && this.#timer.roomBytes === 0) return
      if (budget.isExceeded) await budget.available()
      if (timeOfDay.isDue) await timeOfDay.ask()
      if (this.#areTakenWhole && !this.#isWithin && !(await this.#makeReady())) return
      const readyRows = this.#areTakenWhole ? undefined : this.#paging?.readyRows(batch)
      if (readyRows === 0 && batch.columns.count > 0) return this.#recall()
      const isDone = this.#apply(batch, readyRows)
      this.#isWithin = this.#areTakenWhole && !batch.isLast
      if (isDone) {
        this.#pending.shift()
        batch.release()
      }
      if (this.#outputs.hasFilled) await this.#outputs.send(this.#sink)
      if (!isDone && this.#isFull && !(await this.#makeRoom())) return
      if (this.#isDue) await this.#close()
    }
  }

  /**
   * Sees to it that all that was made of a batch of the source may be taken into the current epoch, without a border
   * between: rows leave a full table before, and those that it needs are recalled.
   *
   * @returns Whether that is so; else work goes on when it may be.
   */
  async #makeReady(): Promise<boolean> {
    const [paging, remedy] = [this.#paging, this.#paging ?? this.#fullTable ?? this.#windows?.intake]
    if (!this.#session.state.restoration.isDone || remedy === undefined) return true
    if (paging !== undefined && !this.#pending.some(({ isLast }) => isLast)) return false
    while (remedy.isOverfull) {
      if (paging === undefined) this.#timer.open()
      if (!(await this.#makeRoom())) return false
    }
    if (paging === undefined) return true
    if (this.#pending.every((batch) => paging.readyRows(batch) === batch.columns.count)) return true
    if (await this.#mayMove(paging)) paging.recallFor(this.#pending, true)
    return false
  }

  /**
   * The table is full: what has left frees its memory when its epoch has committed, and then work goes on.
   *
   * @returns Whether it goes on at once.
   */
  async #makeRoom(): Promise<boolean> {
    if (this.#paging !== undefined) {
      const mayMove = await this.#mayMove(this.#paging)
      if (mayMove) this.#paging.makeRoom()
      return mayMove
    }
    if (this.#session.schedule.isCommitting) return false
    if (!this.#timer.mayEnd()) return false
    if (this.#windows !== undefined) {
      this.#timer.open()
      await this.#close()
    } else await this.#fullTable?.evict(() => this.#close())
    return false
  }

  /** The next row lacks parts that are not in the table: when they have come, work goes on. */
  async #recall(): Promise<void> {
    if (await this.#mayMove(this.#paging!)) this.#paging!.recallFor(this.#pending)
  }

  /** Rows expire that are not in the table; returns whether work goes on when they have come. */
  async #recallOverdue(paging: Paging): Promise<boolean> {
    if (paging.isRecalling || !paging.isExpiryDue || !this.#session.state.restoration.isDone) return false
    return !(await this.#mayMove(paging)) || paging.recallOverdue()
  }

  /** Rows are read that are not in the table; returns whether work goes on when they have come. */
  async #recallRead(paging: Paging): Promise<boolean> {
    const { reads, restoration } = this.#session.state
    // What it moves out may be what a batch needs: that takes in a row before the next one.
    const isBatchNext = this.#hasRecalledRead && this.#pending.length > 0
    if (isBatchNext || paging.isRecalling || !restoration.isDone || reads.coldKeys.length === 0) return false
    if (!(await this.#mayMove(paging))) return true
    this.#hasRecalledRead = true
    paging.recallRead(reads.coldKeys)
    return true
  }

  /** Whether rows may move between epochs; else that is so when the current one has committed, and work goes on. */
  async #mayMove({ mayMove }: Paging): Promise<boolean> {
    if (this.#session.schedule.isCommitting) return false
    if (mayMove) return true
    if (this.#timer.mayEnd()) await this.#close()
    return false
  }

  /** Takes in the rows of a batch that have room in the epoch; returns whether those were all. */
  #apply(batch: RowBatch, rowsMax?: number): boolean {
    if (!this.#session.state.restoration.isDone) {
      this.#intake.restore(batch.columns)
      return true
    }
    this.#hasRecalledRead = false
    const isDone = this.#intake.take(batch, this.#timer.roomBytes, rowsMax)
    this.#sourceEnds?.look()
    this.#timer.open()
    return isDone
  }

  /** Whether the next row has no room until something has left. */
  get #isFull(): boolean {
    return this.#windows?.intake.isFull ?? this.#session.state.table.isFull
  }

  get #isDue(): boolean {
    return !this.#isWithin && this.#timer.isDue(this.#drains.length > 0)
  }

  /** Draws the border of the current epoch and sends it to be committed. */
  async #close(): Promise<void> {
    const { timeOfDay } = this.#services
    const { state, schedule } = this.#session
    if (schedule.isCommitting || this.#isWithin || this.#paging?.isRecalling === true) return
    if (!schedule.isOpen && !(state.isEpochDue && state.restoration.isDone)) {
      for (const reply of this.#drains.splice(0)) reply()
      return this.#timer.arm()
    }
    this.#timer.disarm()
    this.#border.draw()
    if (timeOfDay.isDue) await timeOfDay.ask()
    this.#sweep?.run(schedule.sideBytes)
    if (this.#awaited !== undefined) {
      this.#outputs.takeTimes()
      this.#awaited.run(schedule.sideBytes)
      this.#outputs.throwFault()
    }
    if (this.#windows !== undefined) {
      this.#outputs.takeTimes()
      this.#windows.closing.run(schedule.sideBytes, state.epochs.committed + 1)
      this.#outputs.throwFault()
    }
    await this.#outputs.writeWaiting(this.#partRecords)
    state.table.flush()
    this.#progress?.write(state.accounting.current.nextOffsets, timeOfDay.nowMs())
    const offsets = closeEpoch(state, this.#outputs.checkpoint, timeOfDay.nowMs())
    await this.#border.send(offsets)
  }
}
