import { sleep, systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { Accounting, type AccountSnapshot, accountsOf, isBalanced, placed } from '../epochs/accounting.ts'
import {
  inspectedActors,
  inspectedLetters,
  inspectedPartitions,
  inspectedPending,
  inspectedWait,
  type Inspection,
} from '../observe/inspection.ts'
import { Meters } from '../observe/meters.ts'
import { correlating, type PendingChoice, readable, readPending } from '../reads/pending-merge.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { queried } from '../tables/queried.ts'
import type { TablesSnapshot } from '../tables/tables-snapshot.ts'
import { describePlan } from '../topology/describe-plan.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import type { Plan } from '../topology/plan.ts'
import type { App, AppQuestions, InspectChoice } from './app.ts'
import { AppFront } from './app-front.ts'
import type { Report } from './report.ts'
import { newStatistics } from './statistics.ts'
import type { Session } from '../recovery/session.ts'
import { isOwn } from '../tasks/tasks.ts'
import type { Role } from './role.ts'
import { Term, type TermOptions } from './term.ts'

/** The same in all terms of a program. */
export type AppOptions = Pick<
  TermOptions,
  'plan' | 'options' | 'servers' | 'waits' | 'logger' | 'clock' | 'events' | 'tracing'
> & {
  readonly questions: AppQuestions
  /** Called after each committed epoch, and when the table has all that was pending. @defaultValue nobody is */
  readonly onProgress?: (session: Session) => void
}

/** Time between the end of a term that was lost and the next one: others that want to be the owner are to have it. */
const rejoinPauseMs = 1_000

/**
 * A program in this process, from its start to its end: one term after the other, as long as its group takes it back.
 */
export class RunningApp extends AppFront implements App {
  readonly name: string
  readonly #done = Promise.withResolvers<void>()
  readonly #options: AppOptions
  readonly #statistics = newStatistics()
  readonly #meters = new Meters()
  readonly #begun = Promise.withResolvers<void>()
  readonly #caughtUp = Promise.withResolvers<void>()
  readonly #stopping = new AbortController()
  #term: Term
  #role: Role = 'standby'
  /** What had been counted before this process became the active one. */
  #before: AccountSnapshot = noAccount
  #isCaughtUp = false
  #hasEnded = false
  /** What `consumed` waits for. */
  readonly #waiting = new Set<() => void>()
  /** What this process did in terms that are over. */
  readonly #earlier = { offsets: 0, records: 0, mergedRecords: 0, expiredRows: 0 }

  private constructor(options: AppOptions) {
    super(options)
    this.name = options.plan.name
    this.#options = options
    this.#term = this.#newTerm()
    void this.#takePart()
    // Whoever is interested awaits them; nobody has to.
    this.done.catch(() => {})
    void this.#caughtUp.promise.then(
      () => (this.#isCaughtUp = true),
      () => {},
    )
  }

  /**
   * Joins the processes of the application; begins at once if this is to be the active one.
   *
   * @param signal - Gives up, as long as that has not been done.
   */
  static async start(options: AppOptions, signal?: AbortSignal): Promise<RunningApp> {
    signal?.throwIfAborted()
    const app = new RunningApp(options)
    const giveUp = () => void app.#end()
    signal?.addEventListener('abort', giveUp)
    await Promise.race([app.#begun.promise, app.done]).finally(() => signal?.removeEventListener('abort', giveUp))
    if (signal?.aborted) await app.done
    signal?.throwIfAborted()
    return app
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise
  }

  get role(): Role {
    return this.#term.role
  }

  /**
   * Resolves once a source is consumed and committed up to some offsets, by partition, as far as its tasks are this
   * process's, in a term of it; never where the program ends before.
   */
  consumed(topic: string, offsets: readonly number[]): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#hasConsumed(topic, offsets)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  #hasConsumed(topic: string, offsets: readonly number[]): boolean {
    const { session } = this.#term
    if (session === undefined) return false
    const { committedOffsets } = session.state.accounting
    return offsets.every((offset, partition) => {
      const number = session.sources.partitions.numberOf({ topic, partition })
      // Those of others' tasks are others' to consume.
      return number !== undefined && (committedOffsets[number]! >= offset || !isOwn(session.state.tasks, number))
    })
  }

  async #takePart(): Promise<void> {
    const { logger, clock = systemClock } = this.#options
    const { signal } = this.#stopping
    let failure: unknown
    for (;;) {
      const { isLost, ...end } = await this.#term.run()
      failure = end.failure
      if (!isLost || signal.aborted) break
      logger.warn({ app: this.name, err: failure }, 'no longer the active process: joining the group again')
      await sleep(clock, rejoinPauseMs, signal).catch(() => {})
      failure = undefined
      if (signal.aborted) break
      this.#remember()
      this.#term = this.#newTerm()
      this.#noteRole()
    }
    await this.#options.tracing?.flush?.()
    this.#caughtUp.reject(
      failure ?? new MillraceError('APP_STOPPED', `"${this.name}" was stopped before it had caught up`),
    )
    this.#hasEnded = true
    if (failure === undefined) this.#done.resolve()
    else this.#done.reject(failure)
  }

  #newTerm(): Term {
    return new Term({
      ...this.#options,
      statistics: this.#statistics,
      meters: this.#meters,
      onRole: () => this.#noteRole(),
      onBegun: this.#begun.resolve,
      onShared: () => this.#remember(),
      onRecovered: (session) => {
        this.#before = session.state.accounting.snapshot()
        this.#noteProgress(session)
      },
      onProgress: (session) => this.#noteProgress(session),
    })
  }

  #noteRole(): void {
    const { role } = this
    const was = this.#role
    if (role === was) return
    this.#role = role
    this.#options.events.tell('roleChanged', () => ({ role, was }))
  }

  /** Keeps what counts of a term that is over. */
  #remember(): void {
    const { consumed } = this.progress()
    const { records, mergedRecords } = this.report()
    const expiredRows = this.#earlier.expiredRows + (this.#term.session?.state.accounting.expiredRows ?? 0)
    Object.assign(this.#earlier, { offsets: consumed, records, mergedRecords, expiredRows })
    this.#before = noAccount
  }

  #noteProgress(session: Session): void {
    const { state, endOffsets } = session
    this.#options.onProgress?.(session)
    for (const look of this.#waiting) look()
    if (state.isEpochDue || !state.restoration.isDone) return
    const { committedOffsets } = state.accounting
    if (endOffsets.every((end, partition) => committedOffsets[partition]! >= end)) this.#caughtUp.resolve()
  }

  async stop(): Promise<void> {
    await this.#end()
    await this.done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    // Its failure is told by `done` and must not hide what made the scope end.
    await this.done.catch(() => {})
  }

  /** Ends the current term, once. */
  async #end(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    await this.#term.stop()
  }

  progress(): { consumed: number; total: number } {
    const { state, sources, endOffsets = [] } = this.#term.session ?? {}
    const { offsets } = this.#earlier
    const sum = (byNumber: ArrayLike<number>) => sumOfGiven(byNumber, this.#options.plan, sources?.partitions)
    const startedAt = sum(this.#before.nextOffsets)
    const nextOffsets = state?.accounting.committedOffsets ?? []
    return { consumed: offsets + sum(nextOffsets) - startedAt, total: offsets + sum(endOffsets) - startedAt }
  }

  get plan(): Plan {
    return this.#options.plan
  }

  query(): TablesSnapshot {
    const { role, session, lookups } = this.#term
    return queried(this.name, role === 'active' ? session?.state : undefined, lookups)
  }

  async pending<Parts extends object>(correlation: string, key: MergeKey, choice?: PendingChoice) {
    const { plan } = correlating([this], correlation)
    const { role, session } = this.#term
    const program = role === 'active' && session ? readable(plan, session) : undefined
    return readPending<Parts>(this.name, program, key, choice)
  }

  async inspect({ countsPending = true, wholeProgram = false }: InspectChoice = {}): Promise<Inspection> {
    const [program] = await Promise.all([
      wholeProgram ? this.#term.programView?.look() : undefined,
      this.#term.view?.ends.refresh(),
    ])
    const { plan, waits, clock = systemClock, tracing } = this.#options
    const exported = tracing?.exported
    const { role, session, view, standbyAgeMs, copies, lookups } = this.#term
    const report = this.report()
    const { epochs: committed, rollbacks: rolledBack } = report.statistics
    const { report: wait } = waits
    const census = countsPending ? view?.census?.look() : view?.census?.latest
    return {
      app: this.name,
      role,
      hasEnded: this.#hasEnded,
      atMs: clock.nowMs(),
      topology: describePlan(plan),
      isCaughtUp: this.#isCaughtUp,
      ...(wait && { waiting: inspectedWait(wait) }),
      unansweredMs: view?.ends.unansweredMs ?? 0,
      ...(standbyAgeMs !== undefined && { standbyAgeMs }),
      ...(copies && { copies }),
      report,
      partitions:
        session === undefined || view === undefined
          ? []
          : inspectedPartitions({
              numbers: ownNumbers(session),
              accounts: report.accounting,
              nextOffsets: leastOfOwn(session, session.state.accounting.committedOffsets),
              endOffsets: leastOfOwn(session, view.ends.latest),
              meters: this.#meters,
              nowMs: view.nowMs(),
            }),
      ...(program && { program }),
      deadLetters: inspectedLetters(session?.state.accounting.letters ?? []),
      streaks: this.#meters.streaks.all,
      ...(lookups && { lookups: lookups.inspect() }),
      expiredRows: this.#earlier.expiredRows + (session?.state.accounting.expiredRows ?? 0),
      throttledMs: this.#meters.throttledMs,
      ...(exported && { spans: exported }),
      epochs: {
        committed,
        rolledBack,
        seconds: this.#meters.epochSeconds.snapshot(),
        commitSeconds: this.#meters.commitSeconds.snapshot(),
      },
      ...(census && {
        pending: inspectedPending(
          census,
          plan.sides.map(({ name }) => name),
        ),
      }),
      ...(view && { actors: inspectedActors(view.actors(), this.#meters.restarts) }),
    }
  }

  report(): Report {
    const { table, session } = this.#term
    const { records, mergedRecords } = this.#earlier
    const { state, shards } = session ?? {}
    const account = state?.accounting.committed() ?? noAccount
    const accounts = state === undefined ? [] : accountsOf(account, state.pending.committedCounts)
    const sum = (byNumber: ArrayLike<number>) => sumOfFirsts(byNumber, session?.sources.partitions)
    // A loss that was accepted is in what was before, and commits with the first epoch.
    const since = (total: (snapshot: AccountSnapshot) => number) => Math.max(0, total(account) - total(this.#before))
    return {
      accounting: session === undefined ? [] : placed(accounts, session.sources.partitions, ownNumbers(session)),
      isBalanced: accounts.every(isBalanced),
      records: records + since(({ nextOffsets, totals }) => sum(nextOffsets) - sum(totals.skipped)),
      mergedRecords: mergedRecords + (state?.accounting.mergedRows ?? 0),
      written: this.#meters.written,
      pendingRows: (table?.rowCount ?? 0) + (state?.cold?.rowCount ?? 0) + (shards?.rowCount ?? 0),
      pendingBytes: (table?.liveBytes ?? 0) + (state?.cold?.bytes ?? 0) + (shards?.liveBytes ?? 0),
      coldParts: state?.cold?.partCount ?? 0,
      tableBytes: (table?.memoryBytes ?? 0) + (shards?.memoryBytes ?? 0),
      statistics: { ...this.#statistics },
    }
  }
}

/** Where nothing was ever counted. */
const noAccount: AccountSnapshot = Accounting.from([]).snapshot()

/** The number of each source partition that is of this process's tasks: of its first lane. */
function ownNumbers({ sources, state }: Session): number[] {
  return sources.partitions.firsts.filter((number) => isOwn(state.tasks, number))
}

/** Offsets that all lanes of each of these have reached. */
function leastOfOwn(session: Session, byNumber: ArrayLike<number>): number[] {
  return ownNumbers(session).map((number) => session.sources.partitions.leastOf(number, byNumber))
}

/** What the further lanes of a partition have is nothing of their own. */
function sumOfFirsts(byNumber: ArrayLike<number>, partitions: SourcePartitions | undefined): number {
  const firsts = Array.from(byNumber).filter((_, number) => partitions?.isFirst(number) ?? true)
  return firsts.reduce((total, number) => total + number, 0)
}

/** The same, without an internal topic: that is no work that there was, because it comes from the sources before. */
function sumOfGiven(byNumber: ArrayLike<number>, { sources }: Plan, partitions: SourcePartitions | undefined): number {
  if (partitions === undefined || !sources.some(({ isInternal }) => isInternal))
    return sumOfFirsts(byNumber, partitions)
  const given = Array.from(byNumber, (value, number) => {
    return sources[partitions.list[number]!.source]?.isInternal ? 0 : value
  })
  return sumOfFirsts(given, partitions)
}
