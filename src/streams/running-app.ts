import { type ActorSystem, startSystem, type SystemEvent } from '../actors/index.ts'
import { EngineError } from '../core/errors.ts'
import { isBalanced, type PartitionAccount } from './accounting.ts'
import type { Logger } from './logger.ts'
import type { CorrelateMessage, SourceMessage } from './messages.ts'
import type { Pipeline, RunStatistics } from './pipeline.ts'
import { supervisionTree } from './supervision-tree.ts'

/** What a program has done so far. */
export interface Report {
  readonly accounting: readonly PartitionAccount[]
  /** Whether every consumed offset has exactly one class, in every partition. */
  readonly isBalanced: boolean
  readonly mergedRecords: number
  readonly pendingRows: number
  readonly pendingBytes: number
  readonly statistics: Readonly<RunStatistics>
}

/** A running program. */
export interface App extends AsyncDisposable {
  readonly name: string
  /** Resolves when the program has been stopped; rejects with the error that ended it. */
  readonly done: Promise<void>
  /** Resolves once all that was in the source when the program started is processed and committed; rejects as `done` does. */
  caughtUp(): Promise<void>
  /** Reads no further, finishes what is on its way, commits and ends. Takes at most `drainMs`; what is left is read again at the next start. */
  stop(): Promise<void>
  /** Offsets committed, and offsets that were in the source when the program started. */
  progress(): { consumed: number; total: number }
  report(): Report
}

/** A pipeline that runs under its supervisors, from the start to the end of the last epoch. */
export class RunningApp implements App {
  readonly name: string
  readonly done: Promise<void>
  readonly #pipeline: Pipeline
  readonly #logger: Logger
  readonly #endOffsets: readonly number[]
  readonly #startedAt: number
  readonly #caughtUp = Promise.withResolvers<void>()
  #system!: ActorSystem
  #failure: unknown
  #stopping: Promise<void> | undefined
  #finish!: { resolve: () => void; reject: (error: unknown) => void }

  private constructor(pipeline: Pipeline, endOffsets: readonly number[], logger: Logger) {
    this.name = pipeline.plan.name
    this.#pipeline = pipeline
    this.#logger = logger
    this.#endOffsets = endOffsets
    this.#startedAt = sum(pipeline.accounting.committedOffsets)
    this.done = new Promise((resolve, reject) => (this.#finish = { resolve, reject }))
    // Whoever is interested awaits them; nobody has to.
    this.done.catch(() => {})
    this.#caughtUp.promise.catch(() => {})
    const isCaughtUp = () =>
      pipeline.accounting.committedOffsets.every((offset, partition) => offset >= endOffsets[partition]!)
    pipeline.onCommitted = () => isCaughtUp() && this.#caughtUp.resolve()
    if (isCaughtUp()) this.#caughtUp.resolve()
  }

  static async start(pipeline: Pipeline, endOffsets: readonly number[], logger: Logger): Promise<RunningApp> {
    const app = new RunningApp(pipeline, endOffsets, logger)
    const { clock, plan } = pipeline
    app.#system = await startSystem({
      name: plan.name,
      root: supervisionTree(pipeline),
      clock,
      onEvent: (event) => app.#note(event),
    })
    void app.#system.done.then((reason) => app.#ended(reason.kind === 'crashed' ? lastCrash(reason.error) : undefined))
    return app
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
    const consumed = sum(this.#pipeline.accounting.committedOffsets) - this.#startedAt
    return { consumed, total: sum(this.#endOffsets) - this.#startedAt }
  }

  report(): Report {
    const { table, accounting, plan, topics, statistics } = this.#pipeline
    const accounts = accounting.report(table.countPending(topics.source.partitions.length))
    return {
      accounting: accounts,
      isBalanced: accounts.every(isBalanced),
      mergedRecords: accounts.reduce((sum, { emitted }) => sum + emitted, 0) / plan.sides.length,
      pendingRows: table.rowCount,
      pendingBytes: table.liveBytes,
      statistics: { ...statistics },
    }
  }

  /** Source first, then what is on its way, then the last epoch: all within `drainMs`. */
  async #drain(): Promise<void> {
    const { options, clock } = this.#pipeline
    const endMs = clock.monotonicMs() + options.drainMs
    const overtime = new AbortController()
    const timer = clock.setTimer({ afterMs: options.drainMs }, () => {
      overtime.abort(new EngineError('APP_STOPPED', `"${this.name}" did not drain within ${options.drainMs} ms`))
    })
    try {
      await Promise.race([this.#finishEpoch(options.drainMs), aborted(overtime.signal), this.#system.done])
    } catch (error) {
      this.#logger.warn({ app: this.name, error }, 'stopped before everything on its way was committed')
    }
    timer.cancel()
    await this.#system.stop({ drainMs: Math.max(0, endMs - clock.monotonicMs()) })
  }

  async #finishEpoch(timeoutMs: number): Promise<void> {
    const { plan } = this.#pipeline
    await this.#system.ref<SourceMessage>(plan.source.id).ask({ type: 'halt' }, { timeoutMs })
    await this.#pipeline.rowBatches.whenIdle()
    await this.#system.ref<CorrelateMessage>(plan.correlate.id).ask({ type: 'drain' }, { timeoutMs })
  }

  #note(event: SystemEvent): void {
    // What happens after the failure that ends the program says nothing new.
    if (event.type !== 'childCrashed' || this.#failure !== undefined) return
    const { path, incarnation, error, isCounted } = event
    const fields = { app: this.name, actor: path, incarnation, error }
    if (!isCounted) return this.#logger.debug(fields, 'a function failed on a record')
    this.#logger.error(fields, 'an actor crashed')
    if (EngineError.is(error) && !error.retryable) this.#fail(error)
  }

  /** Ends the program for an error that a restart would meet again. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#stopping ??= this.#system.stop({ drainMs: 0 }).then(() => {})
  }

  #ended(error: unknown): void {
    const failure = this.#failure ?? error
    if (failure === undefined) this.#finish.resolve()
    else {
      // What was not committed has not happened, for the report either.
      this.#pipeline.rollback()
      this.#finish.reject(failure)
    }
    this.#caughtUp.reject(
      failure ?? new EngineError('APP_STOPPED', `"${this.name}" was stopped before it had caught up`),
    )
    void this.#pipeline.cluster.close()
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** What restarts did not mend, from within the errors of the supervisors that gave up. */
function lastCrash(error: unknown): unknown {
  const isGivenUp = EngineError.is(error) && error.code === 'ACTOR_RESTARTS_EXCEEDED' && error.cause !== undefined
  return isGivenUp ? lastCrash(error.cause) : error
}

function sum(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((total, number) => total + number, 0)
}
