import type { Clock, Timer } from '../../core/clock.ts'
import type { ColdParts } from '../cold/cold-parts.ts'
import type { StateTable } from '../recovery/program-state.ts'

/** The least pause between two pages of the index, and how many times as long as what a page took. */
const pauseMsMin = 50
const pauseFactor = 200
/** A census is good for this long. */
const freshMs = 10_000
/** Rows are told apart by age up to these bounds, in milliseconds. */
export const ageBoundsMs: readonly number[] = [60_000, 600_000, 3_600_000, 21_600_000, 86_400_000]

/** The pending rows by what they lack and how old they are. Rows that came or went meanwhile may be counted or not. */
export interface Census {
  readonly takenMs: number
  readonly rows: number
  /** Timestamp of the oldest pending part; absent where there is none. */
  readonly oldestMs?: number | undefined
  /** By the sides that are there, as bits of their numbers. */
  readonly bySides: ReadonlyMap<number, number>
  /** The oldest rows in the table, the oldest first; of those that are not there the keys are not known. */
  readonly oldest: readonly CountedRow[]
  /** By the age of the oldest part: up to each of `ageBoundsMs`, and above. */
  readonly byAge: readonly number[]
}

/** A pending row of a census. */
export interface CountedRow {
  /** The merge key as text. */
  readonly key: string
  /** The sides that are there, as bits of their numbers. */
  readonly sides: number
  /** Timestamp of its oldest part. */
  readonly oldestMs: number
}

/** So many of the oldest rows are kept. */
const oldestMax = 10
/** Pieces of the cold parts that are counted in one step. */
const coldPiecesPerStep = 16

type SurveyedTable = Pick<StateTable, 'survey' | 'keyText' | 'rowCount'>

/**
 * Counts the pending rows piece by piece, so that no batch waits for it, and less than half a percent of the time goes into
 * it. It begins when somebody looks.
 */
export class PendingCensus {
  readonly #table: SurveyedTable
  readonly #clock: Clock
  readonly #nowMs: () => number
  readonly #cold: ColdParts | undefined
  #latest: Census | undefined
  #timer: Timer | undefined
  #dueMs = -Infinity

  /**
   * @param nowMs - The time of day that rows are as old by.
   * @param cold - Rows that are not in the table; absent where all are.
   */
  constructor(table: SurveyedTable, clock: Clock, nowMs: () => number, cold?: ColdParts) {
    this.#table = table
    this.#clock = clock
    this.#nowMs = nowMs
    this.#cold = cold
  }

  /** As it was taken last. */
  get latest(): Census | undefined {
    return this.#latest
  }

  /** The latest; has the next one taken when it is due. */
  look(): Census | undefined {
    if (this.#timer === undefined && this.#clock.monotonicMs() >= this.#dueMs) this.#begin()
    return this.#latest
  }

  stop(): void {
    this.#timer?.cancel()
    this.#dueMs = Infinity
  }

  #begin(): void {
    const takenMs = this.#nowMs()
    const bySides = new Map<number, number>()
    const byAge = Array.from({ length: ageBoundsMs.length + 1 }, () => 0)
    let rows = 0
    const oldest: CountedRow[] = []
    let oldestOfAllMs = Infinity
    const count = (sides: number, oldestMs: number) => {
      rows++
      oldestOfAllMs = Math.min(oldestOfAllMs, oldestMs)
      bySides.set(sides, (bySides.get(sides) ?? 0) + 1)
      const age = ageBoundsMs.findIndex((bound) => takenMs - oldestMs <= bound)
      byAge[age < 0 ? ageBoundsMs.length : age]!++
    }
    const visit = (sides: number, oldestMs: number, head: number) => {
      count(sides, oldestMs)
      if (oldest.length === oldestMax && oldestMs >= oldest[oldestMax - 1]!.oldestMs) return
      // Rows come in the order of hashes, so few of them are among the oldest so far.
      insert(oldest, { key: this.#table.keyText(head), sides, oldestMs })
    }
    let place = 0
    let piece = 0
    const pieces = this.#cold?.pieces ?? 0
    const step = () => {
      this.#timer = undefined
      const stepMs = this.#clock.monotonicMs()
      if (place < 1) place = this.#table.survey(place, visit)
      else for (const end = piece + coldPiecesPerStep; piece < end; piece++) this.#cold!.survey(piece, count)
      if (place < 1 || piece < pieces) return next(stepMs)
      this.#latest = { takenMs, rows, ...(rows > 0 && { oldestMs: oldestOfAllMs }), bySides, oldest, byAge }
      this.#dueMs = this.#clock.monotonicMs() + freshMs
    }
    const next = (stepMs: number) => {
      const afterMs = Math.max(pauseMsMin, pauseFactor * (this.#clock.monotonicMs() - stepMs))
      this.#timer = this.#clock.setTimer({ afterMs, background: true }, step)
    }
    step()
  }
}

/** Keeps the oldest rows in their order, and no more than there is room for. */
function insert(oldest: CountedRow[], row: CountedRow): void {
  const at = oldest.findIndex(({ oldestMs }) => oldestMs > row.oldestMs)
  oldest.splice(at < 0 ? oldest.length : at, 0, row)
  if (oldest.length > oldestMax) oldest.pop()
}
