/**
 * Correlate: gathers the parts of each key, publishes the merge when the last one comes, and draws the border of epochs.
 *
 * State: the output batches being filled; batches of rows that have no room in the current epoch. Table, account and the
 * schedule of epochs are the session's and outlive this actor.
 * One epoch may be on its way to the broker while the next one is computed; the one after waits, because its border
 * cannot be drawn before the other has ended.
 * Invariant: what left for the sink before a `commit` message is the effect of exactly the offsets that message names.
 * Steps for a batch: apply to the table as many rows as have room in the epoch, count what was passed over, write dead
 * letters, send full batches on; close the epoch if the schedule says so; go on with the other rows.
 * Cost per record: see the pending table.
 */
import { type ActorContext, type ActorRef, defineActor, type Reply } from '../../actors/index.ts'
import type { Timer } from '../../core/clock.ts'
import {
  duplicateReasons,
  endWithin,
  noSide,
  type OutputBatch,
  OutputBuilder,
  Reason,
  type RecordColumns,
  rowFlags,
} from '../../kernel/index.ts'
import { causesOf } from '../dead-letters/dead-letter-cause.ts'
import { DeadLetterEncoder } from '../dead-letters/dead-letter.ts'
import { ExpiredRowEncoder } from '../expiry/expired-row.ts'
import { TableCompaction } from '../runtime/table-compaction.ts'
import { TableSweep } from '../expiry/table-sweep.ts'
import { mergedNames } from '../topology/merged-names.ts'
import type { CorrelateMessage, SinkMessage } from '../runtime/messages.ts'
import { type KeptPart, madePart, madePartBytes, sourcePart } from '../retention/kept-part.ts'
import {
  checkpointSink,
  deadLetterSink,
  expiredSink,
  keptBytesMax,
  mergedSink,
  recordBytesMax,
} from '../topics/program-topics.ts'
import { closeEpoch } from '../recovery/program-state.ts'
import type { Session } from '../recovery/session.ts'
import type { Life } from '../runtime/life.ts'
import type { Ports } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'
import { Promoter } from '../retention/promoter.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import { TimestampWindow } from '../time/timestamp-window.ts'

/** A record leaves with the epoch after the one that is being committed, so by then two may have taken their time. */
const epochsUnderWay = 2

/** How often an epoch that is in doubt is looked at, and how many records it may have. */
const doubtPollMs = 50
const doubtfulRecordsMax = 1_000_000

export interface CorrelateParts {
  readonly services: Services
  readonly session: Session
  readonly ports: Pick<Ports, 'sourceLog'>
  /** Called after each committed epoch. */
  readonly onCommitted: () => void
}

export const correlate = (parts: CorrelateParts) =>
  defineActor<CorrelateMessage, Correlation>({
    name: parts.services.plan.correlate.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => new Correlation(parts, context),
    onStop: (correlation) => correlation.stop(),
    handle: {
      rows: (correlation, { batch }) => correlation.take(batch),
      tick: (correlation, { incarnation }) => correlation.tick(incarnation),
      committed: (correlation, { incarnation }) => correlation.committed(incarnation),
      promotable: (correlation, message) => correlation.promote(message),
      expire: (correlation, { reply }) => correlation.expire(reply),
      drain: (correlation, { reply }) => correlation.drain(reply),
    },
  })

class Correlation {
  readonly #services: Services
  readonly #session: Session
  readonly #life: Life
  readonly #incarnation: number
  readonly #onCommitted: () => void
  readonly #self: ActorRef<CorrelateMessage>
  readonly #sink: ActorRef<SinkMessage>
  readonly #builders: readonly OutputBuilder[]
  /** What the sink takes. */
  readonly #mergedTimes: TimestampWindow
  readonly #deadLetters: DeadLetterEncoder
  readonly #expired: ExpiredRowEncoder
  readonly #sweep: TableSweep | undefined
  readonly #compaction: TableCompaction
  readonly #promoter: Promoter
  /** Sides whose parts must not be made twice. */
  readonly #madeSides: ReadonlySet<number>
  /** Bytes of the largest record that can be kept by value. */
  readonly #keptBytesMax: number
  /** Filled batches that are still to be sent: the builders cannot wait, the actor can. */
  readonly #filled: OutputBatch[] = []
  /** What has come and is not applied, in part or at all: no more batches than the pool has. */
  readonly #pending: RowBatch[] = []
  #epochRecords = 0
  /** Whether a function has failed on a record of the epoch at hand. */
  #hasFailures = false
  #timer: Timer | undefined
  #drains: Reply<void>[] = []

  constructor({ services, session, ports, onCommitted }: CorrelateParts, context: ActorContext<CorrelateMessage>) {
    this.#services = services
    this.#session = session
    this.#life = session.lives.current
    this.#incarnation = this.#life.incarnation
    this.#onCommitted = onCommitted
    this.#self = context.self
    this.#sink = context.ref<SinkMessage>(services.plan.sink.id)
    const { plan, topics, options, timeOfDay, clock } = services
    const { state } = session
    this.#builders = topics.sinks.map(
      (topic, sink) =>
        new OutputBuilder({
          sink,
          partitionCount: topic.partitions.length,
          batchBytes: Math.min(options.batchBytes, topics.batchBytesMax[sink]!),
          onFilled: (batch) => this.#filled.push(batch),
        }),
    )
    const timesOf = (sink: number) =>
      new TimestampWindow(topics.timestamps[sink]!, timeOfDay, epochsUnderWay * options.transactionTimeoutMs)
    this.#mergedTimes = timesOf(mergedSink)
    state.table.publishTo({
      out: this.#builders[mergedSink]!,
      ...mergedNames(plan),
      recordBytesMax: recordBytesMax(topics, mergedSink),
      refuse: (part, reason) => this.#deadLetters.encodeReference(part, reason, timeOfDay.nowMs()),
      expire: (row) => this.#expired.encode(row),
    })
    this.#deadLetters = new DeadLetterEncoder(this.#builders[deadLetterSink]!, {
      topic: topics.source.name,
      recordBytesMax: recordBytesMax(topics, deadLetterSink),
      times: timesOf(deadLetterSink),
      causeOf: causesOf(plan),
    })
    const { expiry, memory } = plan.correlate
    const out = this.#builders[expiredSink]
    const expired = out && { out, recordBytesMax: recordBytesMax(topics, expiredSink), times: timesOf(expiredSink) }
    this.#expired = new ExpiredRowEncoder(plan, expired, this.#deadLetters)
    this.#sweep = (expiry ?? memory) && new TableSweep(expiry, state, timeOfDay)
    this.#madeSides = new Set(plan.sides.flatMap(({ stage }, side) => (stage.deterministic ? [] : side)))
    this.#keptBytesMax = keptBytesMax(topics)
    this.#compaction = new TableCompaction(state.table, clock)
    this.#promoter = new Promoter(services, session, ports.sourceLog, (parts) => {
      void this.#self.tell({ type: 'promotable', incarnation: this.#incarnation, parts })
    })
    this.#arm()
  }

  async take(batch: RowBatch): Promise<void> {
    if (batch.incarnation !== this.#incarnation) return
    this.#pending.push(batch)
    await this.#work()
  }

  async tick(incarnation: number): Promise<void> {
    if (incarnation !== this.#incarnation) return
    this.#disarm()
    // What is read again has been in epochs: none is open before it is all there.
    if (this.#session.state.restoration.isDone && this.#sweep?.areRowsDue() === true) this.#open()
    this.#compaction.run()
    if (this.#isDue()) await this.#close()
    else this.#arm()
    await this.#work()
  }

  async committed(incarnation: number): Promise<void> {
    if (incarnation !== this.#incarnation) return
    const { statistics, clock } = this.#services
    const { state, schedule } = this.#session
    schedule.committed(clock.monotonicMs())
    state.epochs.commit()
    this.#compaction.run()
    statistics.epochs++
    statistics.lastCommitMs = clock.monotonicMs()
    this.#onCommitted()
    void this.#promoter.look()
    if (this.#isDue() || (this.#drains.length > 0 && !schedule.isOpen)) await this.#close()
    else this.#arm()
    await this.#work()
  }

  promote({ incarnation, parts }: { incarnation: number; parts: readonly KeptPart[] }): void {
    if (incarnation !== this.#incarnation) return
    this.#session.state.promoted.offer(parts)
    this.#open()
  }

  async expire(reply: Reply<boolean>): Promise<void> {
    const sweep = this.#sweep
    if (sweep?.areRowsDue() !== true) return reply(false)
    this.#open()
    this.#drains.push(() => reply(sweep.isSweeping))
    await this.#close()
  }

  async drain(reply: Reply<void>): Promise<void> {
    this.#drains.push(reply)
    if (this.#isInDoubt()) this.#arm()
    else await this.#close()
  }

  stop(): void {
    this.#disarm()
    this.#promoter.stop()
  }

  /** Applies what has come, until the epoch after the one that is being committed is full. */
  async #work(): Promise<void> {
    const { timeOfDay } = this.#services
    const { schedule } = this.#session
    const { budget } = this.#life
    for (let batch = this.#pending[0]; batch !== undefined; batch = this.#pending[0]) {
      if (schedule.isCommitting && this.#roomBytes === 0) return
      if (budget.isExceeded) await budget.available()
      if (timeOfDay.isDue) await timeOfDay.ask()
      const isDone = this.#apply(batch)
      if (isDone) {
        this.#pending.shift()
        batch.release()
      }
      if (this.#filled.length > 0) await this.#sendFilled()
      if (this.#isDue()) await this.#close()
    }
  }

  /** Applies the rows of a batch that have room in the epoch; returns whether those were all. */
  #apply(batch: RowBatch): boolean {
    const { statistics, timeOfDay, options } = this.#services
    const { state } = this.#session
    const { columns } = batch
    const latestMs = state.eventClock === undefined ? Infinity : timeOfDay.nowMs() + options.timestampAheadMaxMs
    if (!state.restoration.isDone) {
      state.restoration.take(columns)
      state.eventClock?.recall(columns, latestMs)
      return true
    }
    const { table } = state
    const { partition, count } = columns
    const counts = state.accounting.current
    const roomBytes = this.#roomBytes
    // What becomes a dead letter is about as large as its record.
    columns.count = endWithin(columns, 0, Math.max(roomBytes, options.batchBytes))
    this.#refuse(columns, latestMs)
    table.takeTimes(this.#mergedTimes.earliestMs, this.#mergedTimes.latestMs)
    const rows = table.apply(columns, counts, roomBytes)
    columns.count = rows
    const nextOffset = rows === count ? batch.nextOffset : columns.offset[rows - 1]! + 1
    counts.skipped[partition]! += nextOffset - counts.nextOffsets[partition]! - rows
    counts.nextOffsets[partition] = nextOffset
    this.#keepByValue(columns)
    for (let row = 0; row < rows; row++) {
      if (columns.side[row] !== noSide) continue
      if ((columns.flags[row]! & rowFlags.filtered) !== 0) counts.filtered[partition]!++
      else {
        const reason = columns.reason[row]!
        this.#hasFailures ||= reason === Reason.STAGE_FAILED || reason === Reason.ROUTE_FAILED
        // The table has counted its duplicates.
        if (!duplicateReasons.has(reason)) counts.deadLettered[partition]!++
        this.#deadLetters.encode(columns, row)
      }
    }
    state.eventClock?.observe(columns, latestMs, nextOffset < batch.endOffset)
    this.#epochRecords += rows
    statistics.pendingRowsMax = Math.max(statistics.pendingRowsMax, table.rowCount)
    this.#open()
    if (rows === count) return true
    columns.count = count
    columns.drop(rows)
    return false
  }

  /**
   * Makes dead letters of made parts that could not be kept by value, whether or not they would have to wait, and of parts that say
   * they are of a time to come: with that time, all others would be over, and they never.
   */
  #refuse(columns: RecordColumns, latestMs: number): void {
    if (this.#madeSides.size === 0 && latestMs === Infinity) return
    const { count, side, reason, timestamp } = columns
    for (let row = 0; row < count; row++) {
      if (side[row] === noSide) continue
      const isTooLarge = this.#madeSides.has(side[row]!) && madePartBytes(columns, row) > this.#keptBytesMax
      if (!isTooLarge && timestamp[row]! <= latestMs) continue
      side[row] = noSide
      reason[row] = isTooLarge ? Reason.PART_TOO_LARGE : Reason.TIMESTAMP_AHEAD
    }
  }

  /** Has parts kept by value that must not be made a second time, or whose records the source may drop. */
  #keepByValue(columns: RecordColumns): void {
    const { topics } = this.#services
    const { state, schedule } = this.#session
    if (this.#madeSides.size === 0 && !topics.isCompacted) return
    for (let row = 0; row < columns.count; row++) {
      const side = columns.side[row]!
      const isMade = this.#madeSides.has(side)
      if (side === noSide || !(isMade || topics.isCompacted)) continue
      const part = isMade ? madePart(columns, row) : sourcePart(columns, row)
      // A record that does not fit stays in the source only; a made part has been refused.
      if (!isMade && part.bytes > this.#keptBytesMax) continue
      state.promoted.add(part)
      schedule.owe(part.bytes)
    }
  }

  /** The epoch at hand has something in it. */
  #open(): void {
    const { clock } = this.#services
    const { schedule } = this.#session
    const wasOpen = schedule.isOpen
    schedule.open(clock.monotonicMs())
    if (wasOpen) return
    // While none was open the timer looked only now and then.
    this.#disarm()
    this.#arm()
  }

  /** Hands filled batches to the sink, which gives their memory back when they are stored. */
  async #sendFilled(): Promise<void> {
    const { clock } = this.#services
    const { schedule } = this.#session
    const { budget } = this.#life
    for (const batch of this.#filled.splice(0)) {
      budget.take(batch.capacity)
      const bytes = batch.position
      const writing = schedule.sent(bytes, clock.monotonicMs())
      const onStored = () => {
        schedule.stored(writing, bytes)
        budget.give(batch.capacity)
        this.#builders[batch.sink]!.recycle(batch)
      }
      const sent = this.#sink.tell({ type: 'output', incarnation: this.#incarnation, batch, onStored })
      if (sent !== undefined) await sent
    }
  }

  #isDue(): boolean {
    const { clock } = this.#services
    const { schedule } = this.#session
    const { rowBatches } = this.#life
    if (this.#isInDoubt()) return false
    if (this.#drains.length > 0 && schedule.isOpen && !schedule.isCommitting) return true
    return schedule.isDue(clock.monotonicMs(), this.#openBytes, rowBatches.isIdle)
  }

  /**
   * Whether the epoch at hand is not to be closed yet: a function failed on the last records that it saw, so that those are
   * dead letters, or, where it fails on the next ones too, the fault is not theirs and the program stops without them.
   */
  #isInDoubt(): boolean {
    const { clock } = this.#services
    const { openStreaks, schedule } = this.#session
    const { rowBatches } = this.#life
    if (!this.#hasFailures || openStreaks.size === 0 || this.#epochRecords >= doubtfulRecordsMax) return false
    return schedule.mayStayOpen(clock.monotonicMs(), this.#openBytes, rowBatches.isIdle)
  }

  get #roomBytes(): number {
    return this.#session.schedule.roomBytes(this.#openBytes)
  }

  /** Bytes of batches that are being filled. */
  get #openBytes(): number {
    let bytes = this.#session.state.table.openBytes
    for (const builder of this.#builders) bytes += builder.openBytes
    return bytes
  }

  /**
   * Looks again when the epoch could be due at the earliest, or rows could expire or memory be given back without one;
   * while one is being committed, its end looks anyway.
   */
  #arm(): void {
    const { clock } = this.#services
    const { schedule } = this.#session
    if (schedule.isCommitting || this.#timer !== undefined) return
    const dueInMs = this.#isInDoubt() ? doubtPollMs : schedule.dueInMs(clock.monotonicMs())
    const afterMs = dueInMs ?? Math.min(this.#sweep?.pollMs ?? Infinity, this.#compaction.dueMs ?? Infinity)
    if (afterMs === Infinity) return
    this.#timer = clock.setTimer({ afterMs: Math.max(1, afterMs) }, () => {
      void this.#self.tell({ type: 'tick', incarnation: this.#incarnation })
    })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Draws the border of the epoch at hand and sends it to be committed. */
  async #close(): Promise<void> {
    const { timeOfDay } = this.#services
    const { state, schedule } = this.#session
    if (schedule.isCommitting) return
    if (!schedule.isOpen && !(state.loss.isDue && state.restoration.isDone)) {
      for (const reply of this.#drains.splice(0)) reply()
      return this.#arm()
    }
    this.#disarm()
    if (timeOfDay.isDue) await timeOfDay.ask()
    this.#sweep?.run(schedule.sideBytes)
    state.table.flush()
    const offsets = closeEpoch(state, this.#builders[checkpointSink]!, timeOfDay.nowMs())
    for (const builder of this.#builders) builder.flush()
    await this.#sendFilled()
    schedule.closed()
    this.#epochRecords = 0
    this.#hasFailures = false
    await this.#sink.tell({ type: 'commit', incarnation: this.#incarnation, offsets })
  }
}
