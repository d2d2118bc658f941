/**
 * Function runner: has a user's function settle all rows of a batch.
 *
 * What a function throws is its last word on a row: called again with the same record it would do the same. What a
 * promise is rejected with may pass, as the outage of a service does: the row is tried again after a pause, with all
 * others that failed so, until it has had its attempts; meanwhile its operator takes no other batch, and so the source
 * pauses. A batch is settled when each of its rows has a result, or no attempt left; only then become those dead letters.
 * State: the streak, which is how many records in a row, in the order of the rows and from batch to batch, had no
 * attempt left. It outlives the restarts of its operator. A streak that reaches `consecutiveMax` ends the program, and
 * while there is one its dead letters are not committed (`openStreaks` of the session).
 * Invariant: what becomes of a row, and the streak, follow from the outcomes of its attempts alone, not from their
 * order in time.
 * Cost per record: two stores of its outcome, and the call; the maps are empty while nothing fails.
 */
import { backoffMs } from '../../actors/index.ts'
import { assert } from '../../core/assert.ts'
import { sleep } from '../../core/clock.ts'
import { MillraceError, type ErrorCode, FunctionError } from '../../core/errors.ts'
import { columnsRowsMax } from '../../kernel/index.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { RunOptions } from '../options.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import type { ProgramTables } from '../tables/program-tables.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { functionIds, type Plan } from '../topology/plan.ts'
import { type FailedRecord, FailureReport } from './failure-report.ts'
import { OpenCalls } from './open-calls.ts'
import { PermanentFailure } from './permanent-failure.ts'
import { alreadySettled, isThenable, messageOf, refusePromise, type RowFunction } from './row-function.ts'

/** Promises of one function that may be pending at a time, and rows of a batch that may be between two attempts. */
const openRowsDefault = 256

/** Errors that say something about the program and not about a record. */
const programFaults: ReadonlySet<ErrorCode> = new Set([
  'STAGE_SCHEMA_ASYNC',
  'TOPOLOGY_INVALID',
  'STATE_BYTES_EXCEEDED',
  'TABLE_READ_ONLY',
])

/** What is known of a row. */
const outcome = { none: 0, settled: 1, failing: 2, givenUp: 3 } as const

/** What a runner needs of the program that it is in. */
export interface FunctionHost
  extends Pick<Services, 'clock' | 'random' | 'logger' | 'loop'>, Pick<RestoringSession, 'openStreaks'> {
  /** Of the current life. */
  readonly incarnation: number
  readonly plan: Plan
  readonly options: Pick<
    RunOptions,
    | 'stageAttempts'
    | 'stageRetryFirstMs'
    | 'stageRetryMaxMs'
    | 'stageRetryJitter'
    | 'stageTimeoutMs'
    | 'maxConsecutivePoison'
  >
  readonly restoration: Pick<ProgramState['restoration'], 'isDone'>
  /** Absent where the program has none. */
  readonly tables: Pick<ProgramTables, 'begin' | 'end' | 'undo'> | undefined
  /** Which partition each number means. */
  readonly partitions: Pick<SourcePartitions, 'placeOf' | 'partitionOf'>
}

interface Failure {
  attempts: number
  error: unknown
}

export class FunctionRunner {
  readonly #host: FunctionHost
  readonly #operator: string
  /** Its number among the functions of the program. */
  readonly #place: number
  readonly #openRowsMax: number
  readonly #report: FailureReport
  readonly #calls: OpenCalls
  readonly #outcomes = new Uint8Array(columnsRowsMax)
  /** The rows of the batch on which it has failed. */
  readonly #failures = new Map<number, Failure>()
  /** How many of them are to be tried again. */
  #failingCount = 0
  /** Attempts since the last pause that others follow, and the row of the last one. */
  #failedAttempts = 0
  #failedRow = 0
  #hasSettled = false
  #function!: RowFunction
  /** That of the rows, in its topic. */
  #partition = 0
  #incarnation = 0
  #streak = 0

  /** @param operator - Id of the operator whose function it is. */
  constructor(host: FunctionHost, operator: string, openRowsMax = openRowsDefault) {
    const { clock, logger, plan, options } = host
    this.#host = host
    this.#operator = operator
    this.#openRowsMax = openRowsMax
    this.#place = functionIds(plan).indexOf(operator)
    this.#report = new FailureReport({ app: plan.name, operator }, logger, clock)
    this.#calls = new OpenCalls({
      clock,
      timeoutMs: options.stageTimeoutMs || Infinity,
      onMade: (row, made) => this.#accept(row, made),
      onFailed: (row, error) => this.#fail(row, error, options.stageAttempts),
      onLate: (row, pendingMs, count) => this.#report.late(this.#recordOf(row), pendingMs, count),
    })
  }

  /**
   * Resolves when all rows are settled.
   *
   * @throws FunctionError `STAGE_FAILS_ON_EVERYTHING`, or `STAGE_FAILS_ON_PENDING` for a record whose part is pending;
   * then nothing has become of the rows on which the function failed.
   */
  async run(rows: RowFunction, signal: AbortSignal): Promise<void> {
    this.#begin(rows)
    const { clock, random, options } = this.#host
    for (let nextRow = 0; ;) {
      nextRow = await this.#askFrom(nextRow, signal)
      const streak = this.#judge(nextRow)
      if (this.#failingCount > 0) {
        const backoff = {
          initialMs: options.stageRetryFirstMs,
          maxMs: options.stageRetryMaxMs,
          jitter: options.stageRetryJitter,
        }
        const pauseMs = backoffMs(backoff, this.#attemptsMax() - 1, random)
        this.#tellOfFailures(pauseMs)
        await sleep(clock, pauseMs, signal)
        await this.#askAgain(signal)
        this.#judge(nextRow)
      } else if (nextRow === rows.columns.count) return this.#end(streak)
    }
  }

  #begin(rows: RowFunction): void {
    const { incarnation, openStreaks, partitions } = this.#host
    // What a rollback has undone is read again, and counted again.
    if (incarnation !== this.#incarnation) {
      this.#streak = 0
      openStreaks.delete(this.#operator)
    }
    this.#incarnation = incarnation
    this.#function = rows
    this.#partition = partitions.partitionOf(rows.columns.partition)
    this.#outcomes.fill(outcome.none, 0, rows.columns.count)
    this.#failures.clear()
    this.#failingCount = 0
    this.#failedAttempts = 0
    this.#hasSettled = false
  }

  /** Tries the rows on which it has failed. */
  async #askAgain(signal: AbortSignal): Promise<void> {
    const rows = [...this.#failures.keys()].filter((row) => this.#outcomes[row] === outcome.failing)
    await this.#prepared(rows, signal)
    for (const row of rows) this.#ask(row)
    await this.#allSettled(signal)
  }

  /** Tries rows that were not tried while not too many are failing; returns the first of those that are left. */
  async #askFrom(nextRow: number, signal: AbortSignal): Promise<number> {
    const { count } = this.#function.columns
    await this.#prepared(undefined, signal)
    for (; nextRow < count && this.#failingCount < this.#openRowsMax; nextRow++) {
      if (!this.#function.concerns(nextRow)) continue
      this.#ask(nextRow)
      if (this.#calls.size >= this.#openRowsMax) await this.#allSettled(signal)
    }
    await this.#allSettled(signal)
    return nextRow
  }

  async #allSettled(signal: AbortSignal): Promise<void> {
    if (this.#calls.size > 0) await this.#wait(this.#calls.settled(signal))
  }

  /** Where the function is called on other threads, waits for what comes of the rows. */
  async #prepared(again: readonly number[] | undefined, signal: AbortSignal): Promise<void> {
    if (this.#function.prepare !== undefined) await this.#wait(this.#function.prepare(again, signal))
  }

  async #wait(work: Promise<void>): Promise<void> {
    const { loop } = this.#host
    loop.beginWait(this.#place)
    try {
      await work
    } finally {
      loop.endWait(this.#place)
    }
  }

  #ask(row: number): void {
    const { loop, tables } = this.#host
    const { offset } = this.#function.columns
    loop.enter(this.#place, this.#partition, offset[row]!)
    tables?.begin()
    try {
      const made = this.#function.ask(row)
      const hasAskedForTable = tables?.end() === true
      if (isThenable(made)) {
        if (hasAskedForTable) refusePromise(this.#operator, made)
        this.#calls.add(row, made)
      } else this.#accept(row, made)
    } catch (error) {
      tables?.undo()
      this.#fail(row, error, 1)
    }
    loop.leave()
  }

  #accept(row: number, made: unknown): void {
    if (made !== alreadySettled) this.#function.accept(row, made)
    this.#settle(row)
  }

  #settle(row: number): void {
    if (this.#outcomes[row] === outcome.failing) {
      this.#failures.delete(row)
      this.#failingCount--
    }
    this.#outcomes[row] = outcome.settled
    this.#hasSettled = true
  }

  #fail(row: number, error: unknown, attemptsMax: number): void {
    if (MillraceError.is(error) && programFaults.has(error.code)) throw error
    const failure = this.#failures.get(row) ?? { attempts: 0, error }
    failure.attempts++
    failure.error = error
    if (this.#outcomes[row] === outcome.failing) this.#failingCount--
    this.#failures.set(row, failure)
    if (PermanentFailure.is(error)) {
      this.#outcomes[row] = outcome.settled
      return
    }
    if (failure.attempts >= attemptsMax) {
      this.#outcomes[row] = outcome.givenUp
      return
    }
    this.#outcomes[row] = outcome.failing
    this.#failingCount++
    this.#failedAttempts++
    this.#failedRow = row
  }

  /** The streak as far as it is settled, of the rows before `nextRow`. */
  #judge(nextRow: number): number {
    if (this.#failures.size > 0) this.#throwIfPending()
    return this.#streakAt(nextRow)
  }

  /** Parts that are read again were made once, so the records are not the fault. */
  #throwIfPending(): void {
    if (this.#host.restoration.isDone && !this.#function.columns.areRecalled) return
    for (const [row, { error }] of this.#failures) {
      if (this.#outcomes[row] === outcome.failing) continue
      const { topic, partition, offset } = this.#recordOf(row)
      throw new FunctionError(
        'STAGE_FAILS_ON_PENDING',
        `"${this.#operator}" failed on offset ${offset} of partition ${partition} of topic "${topic}", whose part is pending and is read again: ${messageOf(error)}`,
        { operator: this.#operator, partition, offset },
        error,
      )
    }
  }

  /**
   * The streak after the rows that are settled, of those before `nextRow`.
   *
   * @throws FunctionError `STAGE_FAILS_ON_EVERYTHING`
   */
  #streakAt(nextRow: number): number {
    const { maxConsecutivePoison } = this.#host.options
    // What was a dead letter before may well be one again.
    const { origins, areRecalled } = this.#function.columns
    if (origins !== undefined || areRecalled) return this.#streak
    let streak = this.#streak
    for (let row = 0; row < nextRow; row++) {
      // What becomes of it decides whether those before it and after it are in a row.
      if (this.#outcomes[row] === outcome.failing) break
      if (this.#outcomes[row] === outcome.settled) streak = 0
      if (this.#outcomes[row] !== outcome.givenUp) continue
      if (++streak >= maxConsecutivePoison) throw this.#failsOnEverything(row)
    }
    return streak
  }

  #failsOnEverything(row: number): FunctionError {
    const { maxConsecutivePoison } = this.#host.options
    const { partition, offset, err } = this.#recordOf(row)
    this.#host.openStreaks.add(this.#operator)
    return new FunctionError(
      'STAGE_FAILS_ON_EVERYTHING',
      `"${this.#operator}" failed on ${maxConsecutivePoison} records in a row, last at offset ${offset} of partition ${partition}: ${messageOf(err)}`,
      { operator: this.#operator, partition, offset, consecutiveMax: maxConsecutivePoison },
      err,
    )
  }

  /** The most attempts that a row has had which is to be tried again. */
  #attemptsMax(): number {
    let most = 0
    for (const [row, { attempts }] of this.#failures) {
      if (this.#outcomes[row] === outcome.failing && attempts > most) most = attempts
    }
    return most
  }

  #end(streak: number): void {
    const { openStreaks } = this.#host
    this.#streak = streak
    if (streak > 0) openStreaks.add(this.#operator)
    else openStreaks.delete(this.#operator)
    if (this.#failures.size === 0) {
      if (this.#hasSettled) this.#report.succeeded()
      return
    }
    let last = 0
    for (const [row, { error }] of this.#failures) {
      assert(this.#outcomes[row] !== outcome.failing, 'each row has a result or no attempt left')
      this.#function.giveUp(row, error)
      last = row
    }
    this.#report.gaveUp(this.#failures.size, this.#recordOf(last))
  }

  #tellOfFailures(pauseMs: number): void {
    this.#report.failed(this.#failedAttempts, this.#recordOf(this.#failedRow), pauseMs)
    this.#failedAttempts = 0
  }

  #recordOf(row: number): FailedRecord {
    const { partition: number, offset } = this.#function.columns
    const err = this.#failures.get(row)?.error
    return { ...this.#host.partitions.placeOf(number), offset: offset[row]!, err }
  }
}
