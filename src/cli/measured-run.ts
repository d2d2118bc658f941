import { systemClock } from '../core/clock.ts'
import { type HttpOptions, serveAt } from '../http/index.ts'
import { Cluster } from '../kafka/index.ts'
import {
  type App,
  chainOf,
  type Inspection,
  loggedWaits,
  type Report,
  type RunOptions,
  type Security,
  start,
  type Topology,
} from '../streams/index.ts'
import { LiveLine } from './live-line.ts'
import type { Output } from './output.ts'
import { startTicker } from './ticker.ts'
import { untilReadable } from './until-readable.ts'

/** What a run of a topology reports. Rates are per second; memory and CPU are of the whole process. */
export interface RunReport extends SubtopologyRun {
  /** Whether the run went to the end of what was in the source when it started. */
  isComplete: boolean
  peakRssBytes: number
  /** User and system time of the process between the first fetch and the last commit. */
  cpuSeconds: number
}

/** The same of one of its subtopologies, by itself. */
export interface SubtopologyRun {
  app: string
  seconds: number
  /** Source records per second, from the first fetch to the acknowledgement of the last offset commit. */
  aggregationRate: number
  /**
   * Merged records per second, from the first fetch to the last merged record readable with `read_committed`; of a run
   * that was interrupted, to the acknowledgement of its last commit.
   */
  correlationRate: number
  records: number
  mergedRecords: number
  sourceBytes: number
  pendingRows: number
  pendingRowsMax: number
  epochs: number
  rollbacks: number
  isBalanced: boolean
  accounting: Report['accounting']
  /** Dead letters by reason, since this process became the active one. */
  deadLetters: Inspection['deadLetters']
  /** Of each topic the longest streak of dead letters, where it was long. */
  streaks: Inspection['streaks']
  /** Of the subtopology that reads the merged records; absent where they are what the topology publishes. */
  next?: SubtopologyRun
}

interface MeasuredRunOptions {
  readonly output: Output
  readonly signal: AbortSignal
  readonly untilCaughtUp: boolean
  readonly http: HttpOptions
  /** Whether a terminal shows what the program does, and not how far it is. */
  readonly showsFigures?: boolean
  /** Whether a run that has come to its end goes on until it is interrupted, for those who look at it. */
  readonly lingers?: boolean
}

/**
 * Runs a topology until its source is processed, or until `signal` aborts, and measures it. There is nothing to report
 * where the signal came before the program had started.
 */
export async function measuredRun(
  topology: Topology,
  options: RunOptions & Security,
  { output, signal, untilCaughtUp, http, showsFigures = false, lingers = false }: MeasuredRunOptions,
): Promise<RunReport | undefined> {
  const { bootstrapServers, brokerWaitMs: retryMs, tls, sasl } = options
  const logger = output.loggerOf(topology.name)
  const waits = loggedWaits(topology.name, logger, systemClock)
  const cluster = new Cluster({ bootstrapServers, tls, sasl, waits, ...(retryMs !== undefined && { retryMs }) })
  const starting = Promise.withResolvers<App>()
  // Before anything is waited for: a process that waits for brokers lives.
  await using _server = await serveRun(starting.promise, http, output)
  try {
    const begun = await unlessInterrupted(signal, cluster, async () => {
      const cpu = process.cpuUsage()
      const app = await start(topology, { logger, ...options, signal })
      starting.resolve(app)
      return { cpu, app }
    })
    if (begun === undefined) {
      output.note(`"${topology.name}" was stopped before it had started`)
      return undefined
    }
    const { cpu } = begun
    await using app = begun.app
    const isComplete = await runToEnd(app, { output, signal, untilCaughtUp, showsFigures })
    const { user, system } = process.cpuUsage(cpu)
    const readableAfterMs = isComplete ? await untilReadable(cluster, chainOf(topology).at(-1)!.sinks[0]!.topic) : 0
    if (isComplete && lingers) {
      output.note('all is correlated; the dashboard stays until this is interrupted')
      await Promise.race([aborted(signal), app.done])
    }
    await app.stop()
    return await reportOf(app, isComplete, readableAfterMs, (user + system) / 1e6)
  } finally {
    await cluster.close()
  }
}

async function serveRun(
  starting: Promise<App>,
  http: HttpOptions,
  output: Output,
): Promise<AsyncDisposable | undefined> {
  if (http.http === undefined) return undefined
  const server = await serveAt(starting, http)
  output.note(`dashboard: ${server.url}`)
  return server
}

/**
 * What `work` at a cluster resolves to; undefined where the signal has aborted before, which ends what is asked of the
 * cluster.
 */
async function unlessInterrupted<Result>(
  signal: AbortSignal,
  cluster: Cluster,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const giveUp = () => void cluster.close()
  signal.addEventListener('abort', giveUp)
  try {
    signal.throwIfAborted()
    return await work()
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function runToEnd(
  app: App,
  { output, signal, untilCaughtUp, showsFigures }: Omit<MeasuredRunOptions, 'http' | 'lingers'>,
): Promise<boolean> {
  const show = showsFigures === true && output.isLive ? figuresOf(app, output) : async () => showProgress(app, output)
  using _ticker = startTicker(() => void show())
  const interrupted = aborted(signal).then(() => false)
  const ended = untilCaughtUp ? app.caughtUp.then(() => true) : app.done.then(() => true)
  const isComplete = await Promise.race([ended, interrupted])
  await show()
  return isComplete
}

/** Resolves when a signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Shows what the program does, on a terminal; one look at a time. */
function figuresOf(app: App, output: Output): () => Promise<void> {
  const line = new LiveLine()
  let looking: Promise<void> | undefined
  const look = async () => output.live(line.text(await app.inspect({ countsPending: false })))
  return () => (looking ??= look().finally(() => (looking = undefined)))
}

function showProgress(app: App, output: Output): void {
  if (app.role === 'standby') return
  const { consumed, total } = app.progress()
  output.progress('correlating', consumed, total)
}

async function reportOf(
  app: App,
  isComplete: boolean,
  readableAfterMs: number,
  cpuSeconds: number,
): Promise<RunReport> {
  return {
    ...runOf(await app.inspect(), readableAfterMs),
    isComplete,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    cpuSeconds,
  }
}

/** @param readableAfterMs - After the commit of what the last subtopology has published. */
function runOf({ app, report, deadLetters, streaks, next }: Inspection, readableAfterMs: number): SubtopologyRun {
  const { firstFetchMs, lastCommitMs, ...statistics } = report.statistics
  const seconds = Math.max(0, lastCommitMs - firstFetchMs) / 1_000
  const rate = (count: number, ms: number) => (ms > 0 ? Math.round((count * 1_000) / ms) : 0)
  return {
    app,
    seconds,
    aggregationRate: rate(report.records, lastCommitMs - firstFetchMs),
    correlationRate: rate(report.mergedRecords, lastCommitMs + (next ? 0 : readableAfterMs) - firstFetchMs),
    records: report.records,
    mergedRecords: report.mergedRecords,
    sourceBytes: statistics.sourceBytes,
    pendingRows: report.pendingRows,
    pendingRowsMax: statistics.pendingRowsMax,
    epochs: statistics.epochs,
    rollbacks: statistics.rollbacks,
    isBalanced: report.isBalanced,
    accounting: report.accounting,
    deadLetters,
    streaks,
    ...(next && { next: runOf(next, readableAfterMs) }),
  }
}
