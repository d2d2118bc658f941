import { type ActorSystem, startSystem, type SystemEvent } from '../actors/index.ts'
import { EngineError } from '../core/errors.ts'
import { listOffsets, Membership, type MembershipOptions } from '../kafka/index.ts'
import { Accounting, type AccountSnapshot, isBalanced, type PartitionAccount } from './accounting.ts'
import type { CorrelateMessage, SourceMessage } from './messages.ts'
import type { Pipeline, RunStatistics } from './pipeline.ts'
import { rootCause } from './root-cause.ts'
import { Standby } from './standby.ts'
import { supervisionTree } from './supervision-tree.ts'

/** What a program has done so far, as of its last committed epoch; the table and the statistics are as of now. */
export interface Report {
  /** Since the program first started, in this process or others. */
  readonly accounting: readonly PartitionAccount[]
  /** Whether every consumed offset has exactly one class, in every partition. */
  readonly isBalanced: boolean
  /** Source records consumed and merged records published by this process. */
  readonly records: number
  readonly mergedRecords: number
  /** In the table, which may be that of a standby. */
  readonly pendingRows: number
  readonly pendingBytes: number
  /** Memory that the system has given for them, their index and logs. */
  readonly tableBytes: number
  readonly statistics: Readonly<RunStatistics>
}

/** A running program. */
export interface App extends AsyncDisposable {
  readonly name: string
  /** Whether this process does the work, or waits to take over from the one that does. */
  readonly role: 'active' | 'standby'
  /** Resolves when the program has been stopped; rejects with the error that ended it. */
  readonly done: Promise<void>
  /**
   * Resolves once all that was in the source when this process became the active one is processed and committed, and the table has
   * all parts that are pending, also those of earlier processes; rejects as `done` does.
   */
  caughtUp(): Promise<void>
  /** Reads no further, finishes what is on its way, commits and ends. Takes at most `drainMs`; what is left is read again at the next start. */
  stop(): Promise<void>
  /** Offsets committed by this process, and offsets that there were to consume when it became the active one. */
  progress(): { consumed: number; total: number }
  report(): Report
}

/** A pipeline that runs under its supervisors, from the start to the end of the last epoch. */
export class RunningApp implements App {
  readonly name: string
  readonly done: Promise<void>
  readonly #pipeline: Pipeline
  readonly #caughtUp = Promise.withResolvers<void>()
  /** Gives up to stand by. */
  readonly #waiting = new AbortController()
  #membership: Membership | undefined
  /** There while this process stands by with a table. */
  #standby: Standby | undefined
  /** There while this process is the active one. */
  #system: ActorSystem | undefined
  /** What had been counted before this process became the active one. */
  #before: AccountSnapshot = noAccount
  #failure: unknown
  #stopping: Promise<void> | undefined
  #finish!: { resolve: () => void; reject: (error: unknown) => void }

  private constructor(pipeline: Pipeline) {
    this.name = pipeline.plan.name
    this.#pipeline = pipeline
    this.done = new Promise((resolve, reject) => (this.#finish = { resolve, reject }))
    // Whoever is interested awaits them; nobody has to.
    this.done.catch(() => {})
    this.#caughtUp.promise.catch(() => {})
    pipeline.onLoaded = () => {
      this.#before = pipeline.state.accounting.snapshot()
      this.#noteProgress()
    }
    pipeline.onRestored = pipeline.onCommitted = () => this.#noteProgress()
  }

  /** Joins the processes of the application; begins at once if this is to be the active one. */
  static async start(pipeline: Pipeline, cluster: MembershipOptions['cluster']): Promise<RunningApp> {
    const app = new RunningApp(pipeline)
    const { plan, options } = pipeline
    const joining = Membership.join({
      cluster,
      group: plan.name,
      topic: plan.checkpointTopic,
      sessionTimeoutMs: options.sessionTimeoutMs,
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      maxStallMs: options.maxStallMs,
      ...(options.hostId !== undefined && { hostId: options.hostId }),
      onLost: (error) => app.#fail(error),
      onRevoked: () => app.stop(),
    })
    // Joining takes longer, in a thread of its own.
    const [membership] = await Promise.all([joining, pipeline.prepareTableMemory()])
    app.#membership = membership
    pipeline.member = (stale) => membership.member(stale)
    try {
      if (membership.isOwner) await app.#activate()
      else void app.#standBy(membership)
    } catch (error) {
      await membership.leave()
      throw error
    }
    return app
  }

  get role(): 'active' | 'standby' {
    return this.#system === undefined ? 'standby' : 'active'
  }

  async #standBy(membership: Membership): Promise<void> {
    const { logger, options } = this.#pipeline
    logger.info({ app: this.name }, 'standing by: another process is the active one')
    if (options.standbyRefreshMs > 0) this.#standby = new Standby(this.#pipeline, this.#waiting.signal)
    try {
      await membership.owned(this.#waiting.signal)
      this.#pipeline.warmTable = await this.#standby?.end()
      this.#standby = undefined
      await this.#activate()
    } catch (error) {
      if (!this.#waiting.signal.aborted) this.#fail(error)
    }
  }

  async #activate(): Promise<void> {
    const { clock, plan, cluster, topics } = this.#pipeline
    this.#pipeline.endOffsets = await listOffsets(cluster, topics.source, 'latest')
    try {
      const root = supervisionTree(this.#pipeline)
      const system = await startSystem({ name: plan.name, root, clock, onEvent: (event) => this.#note(event) })
      this.#system = system
      void system.done.then((reason) => this.#ended(reason.kind === 'crashed' ? rootCause(reason.error) : undefined))
    } catch (error) {
      throw rootCause(error)
    }
  }

  #noteProgress(): void {
    const { state, endOffsets } = this.#pipeline
    if (state.hasLoss || state.restoration !== undefined) return
    const { committedOffsets } = state.accounting
    if (endOffsets.every((end, partition) => committedOffsets[partition]! >= end)) this.#caughtUp.resolve()
  }

  caughtUp(): Promise<void> {
    return this.#caughtUp.promise
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#drain()
    await this.#stopping
    await this.done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping ??= this.#drain()
    await this.#stopping
    // Its failure is told by `done` and must not hide what made the scope end.
    await this.done.catch(() => {})
  }

  progress(): { consumed: number; total: number } {
    const startedAt = sum(this.#before.nextOffsets)
    const nextOffsets = this.#pipeline.state?.accounting.committedOffsets ?? []
    return { consumed: sum(nextOffsets) - startedAt, total: sum(this.#pipeline.endOffsets) - startedAt }
  }

  report(): Report {
    const { state, plan, statistics } = this.#pipeline
    const table = state?.table ?? this.#standby?.table
    const account = state?.accounting.committed() ?? noAccount
    const accounts = state?.committedAccounts() ?? []
    // A loss that was accepted is in what was before, and commits with the first epoch.
    const since = (total: (snapshot: AccountSnapshot) => number) => Math.max(0, total(account) - total(this.#before))
    return {
      accounting: accounts,
      isBalanced: accounts.every(isBalanced),
      records: since(({ nextOffsets, totals }) => sum(nextOffsets) - sum(totals.skipped)),
      mergedRecords: since(({ totals }) => sum(totals.emitted)) / plan.sides.length,
      pendingRows: table?.rowCount ?? 0,
      pendingBytes: table?.liveBytes ?? 0,
      tableBytes: table?.memoryBytes ?? 0,
      statistics: { ...statistics },
    }
  }

  /** Source first, then what is on its way, then the last epoch: all within `drainMs`. */
  async #drain(): Promise<void> {
    this.#waiting.abort()
    const system = this.#system
    if (system === undefined) return this.#ended(undefined)
    const { options, clock } = this.#pipeline
    const endMs = clock.monotonicMs() + options.drainMs
    const overtime = new AbortController()
    const timer = clock.setTimer({ afterMs: options.drainMs }, () => {
      overtime.abort(new EngineError('APP_STOPPED', `"${this.name}" did not drain within ${options.drainMs} ms`))
    })
    try {
      await Promise.race([this.#finishEpoch(system, options.drainMs), aborted(overtime.signal), system.done])
    } catch (error) {
      this.#pipeline.logger.warn({ app: this.name, err: error }, 'stopped before everything on its way was committed')
    }
    timer.cancel()
    await system.stop({ drainMs: Math.max(0, endMs - clock.monotonicMs()) })
  }

  async #finishEpoch(system: ActorSystem, timeoutMs: number): Promise<void> {
    const { plan } = this.#pipeline
    await system.ref<SourceMessage>(plan.source.id).ask({ type: 'halt' }, { timeoutMs })
    await this.#pipeline.rowBatches.whenIdle()
    await system.ref<CorrelateMessage>(plan.correlate.id).ask({ type: 'drain' }, { timeoutMs })
  }

  #note(event: SystemEvent): void {
    // What happens after the failure that ends the program says nothing new.
    if (event.type !== 'childCrashed' || this.#failure !== undefined) return
    const { path, incarnation, error, isCounted } = event
    const fields = { app: this.name, actor: path, incarnation, err: error }
    if (!isCounted) return this.#pipeline.logger.debug(fields, 'a function failed on a record')
    this.#pipeline.logger.error(fields, 'an actor crashed')
    if (EngineError.is(error) && !error.retryable) this.#fail(error)
  }

  /** Ends the program for an error that a restart would meet again. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#waiting.abort()
    if (this.#system === undefined) this.#ended(error)
    else this.#stopping ??= this.#system.stop({ drainMs: 0 }).then(() => {})
  }

  #ended(error: unknown): void {
    const failure = this.#failure ?? error
    // What was not committed has not happened, for the report either.
    if (failure !== undefined) this.#pipeline.state?.rollback()
    this.#caughtUp.reject(
      failure ?? new EngineError('APP_STOPPED', `"${this.name}" was stopped before it had caught up`),
    )
    void this.#leave(failure).then(() =>
      failure === undefined ? this.#finish.resolve() : this.#finish.reject(failure),
    )
  }

  async #leave(failure: unknown): Promise<void> {
    // Where brokers cannot be reached this would wait for them once more.
    if (!EngineError.is(failure) || !failure.retryable) await this.#noteEnd()
    await this.#membership!.leave()
    await this.#pipeline.cluster.close()
    await this.#standby?.end()
  }

  /** Tells the next process that this one has not died. */
  async #noteEnd(): Promise<void> {
    const { careful, state, plan, logger } = this.#pipeline
    if (state === undefined || !this.#membership!.isOwner) return
    await careful
      .end(state.epoch)
      .catch((error: unknown) => logger.debug({ app: plan.name, err: error }, 'could not note the end in good order'))
  }
}

/** Where nothing was ever counted. */
const noAccount: AccountSnapshot = Accounting.from([]).snapshot()

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

function sum(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((total, number) => total + number, 0)
}
