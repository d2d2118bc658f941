import type { PendingTable, TableCounts } from '../../kernel/index.ts'
import { type Eviction, evictionOf } from './eviction.ts'
import type { Expiry } from '../topology/plan-leaving.ts'
import type { TimeOfDay } from '../time/time-of-day.ts'
import type { DeadlineClock } from './deadline-clock.ts'

/**
 * A sweep for rows begins when the time has gone on by this share of the time that they may be pending: so late they
 * may leave.
 */
const timeShare = 1 / 8
/** One for forgotten keys begins when they are this share of all that the table holds, or as many as this. */
const forgottenShare = 1 / 8
const forgottenMin = 8_192
/** Parts and keys that are looked at in one epoch, at least; and the share of all, where that is more. */
const looksPerEpochMin = 65_536
const looksShare = 1 / 4
/** How often the time of day is looked at while no epoch is open, in milliseconds. */
const pollMsMax = 10_000

interface SweptState {
  readonly table: Pick<
    PendingTable,
    'rowCount' | 'rememberedCount' | 'unsweptCount' | 'roomLeftBytes' | 'liveBytes' | 'survey' | 'sweep'
  >
  readonly accounting: { readonly current: TableCounts }
  readonly deadlines: DeadlineClock
}

/** How far sweeps for rows are: when the last one began, by their clock, and whether it has not ended. */
export interface SweepState {
  readonly begunMs: number
  readonly isSweeping: boolean
}

/** Whether rows may have to leave: a sweep is to begin for them, or to go on. */
export function isSweepDue({ afterMs }: Expiry, { begunMs, isSweeping }: SweepState, nowMs: number): boolean {
  return isSweeping || nowMs - begunMs >= afterMs * timeShare
}

/** How soon to look again where rows can expire while no records come; undefined where they cannot. */
export function sweepPollMs(expiry: Expiry | undefined): number | undefined {
  if (expiry?.by !== 'processingTime') return undefined
  return Math.min(pollMsMax, expiry.afterMs * timeShare)
}

/**
 * Lets rows leave whose other parts did not come in time, or that are the oldest ones of a full table, and gives back
 * the memory of forgotten keys, in the epochs of the program and as part of them.
 *
 * State: how far time had gone when the last sweep began, and whether it has ended; how far an eviction is. None of it is
 * stored: which rows have expired follows from the timestamps of the parts, and a table that is still full after a
 * rollback begins another eviction.
 * Why it is right: it runs before an epoch ends and when the one before has committed, so nothing that it frees is
 * known again.
 * Cost: one pass over the headers of the table's blocks, in order, for every eighth of the time that rows may be
 * pending, and whenever every eighth block is a forgotten key.
 */
export class TableSweep {
  readonly #expiry: Expiry | undefined
  readonly #state: SweptState
  readonly #timeOfDay: Pick<TimeOfDay, 'nowMs'>
  #begunMs = -Infinity
  #isSweeping = false
  #eviction: Eviction | undefined
  readonly #expiredRows: { expiredMs: number }

  /**
   * @param expiry - Absent where rows do not expire.
   * @param expiredRows - Is told which of the rows that leave have expired.
   */
  constructor(
    expiry: Expiry | undefined,
    state: SweptState,
    timeOfDay: Pick<TimeOfDay, 'nowMs'>,
    expiredRows: { expiredMs: number },
  ) {
    this.#expiry = expiry
    this.#state = state
    this.#timeOfDay = timeOfDay
    this.#expiredRows = expiredRows
  }

  /** @see sweepPollMs */
  get pollMs(): number | undefined {
    return sweepPollMs(this.#expiry)
  }

  get state(): SweepState {
    return { begunMs: this.#begunMs, isSweeping: this.#isSweeping }
  }

  /** Whether a sweep has begun that has not ended. */
  get isSweeping(): boolean {
    return this.#isSweeping
  }

  /** Whether the oldest rows of a full table are leaving. */
  get isEvicting(): boolean {
    return this.#eviction !== undefined
  }

  /** @see isSweepDue */
  areRowsDue(): boolean {
    if (this.#expiry === undefined || this.#state.table.rowCount === 0) return false
    return isSweepDue(this.#expiry, this.state, this.#nowMs())
  }

  /** Has a sweep look at all rows from the next run on: some have come that expire. */
  beginAnew(): void {
    this.#begunMs = -Infinity
  }

  /** Has the next runs let the oldest rows leave, because the table is full. @param bytesMax - Of the table. */
  evict(bytesMax: number): void {
    this.#eviction ??= evictionOf(this.#state.table, bytesMax, this.#isSweeping)
  }

  /** Begins a sweep where one is due, or goes on with it, until the rows that leave take so many bytes. */
  run(roomBytes: number): void {
    const eviction = this.#eviction
    if (eviction === undefined && !this.areRowsDue() && !this.#areKeysDue()) return
    const { table, accounting } = this.#state
    const nowMs = this.#nowMs()
    if (!this.#isSweeping) this.#begunMs = nowMs
    const expiredMs = this.#expiry === undefined ? -Infinity : nowMs - this.#expiry.afterMs
    const limitMs = Math.max(expiredMs, eviction?.limitMs ?? -Infinity)
    const looksMax = Math.max(looksPerEpochMin, Math.ceil((table.rowCount + table.rememberedCount) * looksShare))
    const givenBytes = Math.ceil(Math.min(roomBytes, eviction?.bytesLeft ?? Infinity))
    this.#expiredRows.expiredMs = expiredMs
    this.#isSweeping = !table.sweep(limitMs, looksMax, accounting.current, givenBytes)
    if (eviction !== undefined) this.#note(eviction, givenBytes - table.roomLeftBytes)
  }

  #note(eviction: Eviction, usedBytes: number): void {
    eviction.bytesLeft -= usedBytes
    if (!this.#isSweeping) eviction.sweepsLeft--
    if (eviction.bytesLeft <= 0 || eviction.sweepsLeft === 0) this.#eviction = undefined
  }

  #areKeysDue(): boolean {
    const { rowCount, rememberedCount, unsweptCount } = this.#state.table
    if (unsweptCount === 0) return false
    return this.#isSweeping || unsweptCount >= Math.max(forgottenMin, (rowCount + rememberedCount) * forgottenShare)
  }

  #nowMs(): number {
    return this.#state.deadlines.nowMs(this.#timeOfDay.nowMs())
  }
}
