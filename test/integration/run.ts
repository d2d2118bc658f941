import assert from 'node:assert/strict'
import { MillraceError, type ErrorCode } from '../../src/core/errors.ts'
import {
  type App,
  audit,
  type Logger,
  type PartitionAccount,
  type Report,
  start,
  type StartOptions,
  type Topology,
} from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { closeAtEnd } from '../at-end.ts'

export interface RunSettings extends Omit<StartOptions, 'logger' | 'bootstrapServers'> {
  /** Called with each error that the program logs and survives, as it happens. */
  readonly onCrash?: (error: unknown) => void
  /** Called with each warning. */
  readonly onWarning?: Logger['warn']
}

export interface Outcome {
  readonly report: Report
  /** Why it did not get to the end. */
  readonly error: unknown
}

/**
 * What makes a test quick: epochs that are closed at once, and functions that are tried again at once, three times in
 * all.
 */
const quickly = { epochMs: 20, epochIdleMs: 1, stageAttempts: 3, stageRetryFirstMs: 1, stageRetryMaxMs: 1 }

/** Starts a topology. The program is stopped when the suite is over, in case its test has failed before. */
export async function startProgram(topology: Topology, options: StartOptions): Promise<App> {
  const app = await start(topology, options)
  const dismiss = closeAtEnd(() => app.stop())
  void app.done.then(dismiss, dismiss)
  return app
}

/** Starts one in the way that makes a test quick. */
export function startQuietly(
  topology: Topology,
  bootstrapServers: string,
  { onCrash, onWarning, ...settings }: RunSettings = {},
): Promise<App> {
  return startProgram(topology, { bootstrapServers, ...quickly, ...settings, logger: quiet(onCrash, onWarning) })
}

/** Fails unless a topology is refused with an error like this one. */
export function assertRefused(
  topology: Topology,
  bootstrapServers: string,
  expected: Parameters<typeof assert.rejects>[1],
  settings?: RunSettings,
): Promise<void> {
  return assert.rejects(startQuietly(topology, bootstrapServers, settings), expected)
}

/** Runs a topology until all that was in its source is committed, or until it fails. */
export async function runToEnd(topology: Topology, bootstrapServers: string, settings?: RunSettings): Promise<Outcome> {
  const app = await startQuietly(topology, bootstrapServers, settings)
  try {
    await app.caughtUp
    await app.stop()
    return { report: app.report(), error: undefined }
  } catch (error) {
    await assert.rejects(app.done, (reason) => reason === error)
    return { report: app.report(), error }
  }
}

/** Resolves once a program has committed as many offsets. */
export async function committed(app: App, count: number): Promise<void> {
  await until('the program has committed so many offsets', () => app.progress().consumed >= count)
}

function quiet(onCrash: (error: unknown) => void = () => {}, warn: Logger['warn'] = () => {}): Logger {
  return {
    debug() {},
    info() {},
    warn,
    error: (facts) => onCrash(facts.err ?? facts),
  }
}

type Class = Exclude<keyof PartitionAccount, 'topic' | 'partition' | 'consumed' | 'expanded'>

/** Fails unless the account has exactly these numbers, nothing else, and adds up in every partition. */
export function assertAccount(
  report: Pick<Report, 'accounting' | 'isBalanced'>,
  expected: Partial<Record<Class, number>>,
): void {
  const none = {
    emitted: 0,
    aggregated: 0,
    pending: 0,
    duplicate: 0,
    deadLettered: 0,
    filtered: 0,
    late: 0,
    expired: 0,
    superseded: 0,
    redriven: 0,
    lost: 0,
    skipped: 0,
  }
  const classes = Object.keys(none) as Class[]
  const total = (name: Class) => report.accounting.reduce((sum, account) => sum + account[name], 0)
  // With what flatMaps have made beyond one of each record.
  const taken = report.accounting.reduce((sum, { consumed: read, expanded = 0 }) => sum + read + expanded, 0)
  const consumed = Object.values(expected).reduce((sum, count) => sum + count, 0)

  const found = Object.fromEntries(classes.map((name) => [name, total(name)]))
  assert.deepEqual({ consumed: taken, ...found }, { consumed, ...none, ...expected })
  assert.equal(report.isBalanced, true)
}

/** Fails unless the audit proves of a program, from its broker alone, what became of each offset. */
export async function assertProved(
  { bootstrapServers }: { readonly bootstrapServers: string },
  { app }: { readonly app: string },
): Promise<void> {
  const { verdict } = await audit({ bootstrapServers, app })
  assert.equal(verdict, 'proved')
}

/** Fails unless a program ended with the error of this code. */
export function assertEndedBy(error: unknown, code: ErrorCode): void {
  assert.ok(MillraceError.is(error), `ended with ${String(error)}`)
  assert.equal(error.code, code, error.message)
}
