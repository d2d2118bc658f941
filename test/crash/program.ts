import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { systemClock } from '../../src/core/clock.ts'
import { type CrashEvent, type CrashPlan, type Moment, type Step, unharmed } from './crash-plan.ts'

const root = join(import.meta.dirname, '../..')
const hook = join(import.meta.dirname, 'crash-hook.ts')
const main = join(root, 'src/cli/main.ts')
const experiment = join(root, 'bench/experiment-topology.ts')

/** One application and its topics. */
export interface Experiment {
  readonly bootstrapServers: string
  readonly app: string
  readonly source: string
  readonly sink: string
  /**
   * The file of its topology, which reads the names of its topics from the environment. @defaultValue the experiment's
   */
  readonly program?: string
  /** What else its topology reads from the environment. @defaultValue nothing */
  readonly environment?: Readonly<Record<string, string>>
  /** Whether it goes on when it has caught up. @defaultValue false */
  readonly runsOn?: boolean
}

/** What `millrace run` reports, as far as it is of use here. */
export interface RunReport {
  readonly isBalanced: boolean
  readonly rollbacks: number
  readonly pendingRows: number
}

/** How a process ended. */
export interface Ended {
  readonly atMs: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Where the hook killed it. */
  readonly crash: CrashEvent | undefined
  readonly report: RunReport | undefined
}

/** What a process of an application is given, with the plan for the hook that kills it. */
export function environmentOf(
  { app, source, sink, environment }: Pick<Experiment, 'app' | 'source' | 'sink' | 'environment'>,
  plan: CrashPlan,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...environment,
    MILLRACE_CRASH_PLAN: JSON.stringify(plan),
    BENCH_APP: app,
    BENCH_SOURCE: source,
    BENCH_SINK: sink,
  }
}

/** An application in a process of `millrace run`, with the hook that kills it. */
export class Program implements AsyncDisposable {
  readonly plan: CrashPlan
  readonly startedMs = systemClock.nowMs()
  readonly events: CrashEvent[] = []
  readonly ended: Promise<Ended>
  readonly #process: ChildProcess
  #said = ''
  #hasEnded = false
  #changed = Promise.withResolvers<void>()

  constructor(given: Experiment, flags: readonly string[], plan: CrashPlan) {
    const { bootstrapServers, program = experiment, runsOn = false } = given
    this.plan = plan
    const end = runsOn ? [] : ['--until-caught-up']
    const words = ['run', program, '--bootstrap-servers', bootstrapServers, ...end, '--json', ...flags]
    this.#process = spawn(process.execPath, ['--import', hook, main, ...words], {
      env: environmentOf(given, plan),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
    })
    const killAtExit = () => this.#process.kill('SIGKILL')
    process.once('exit', killAtExit)
    this.#process.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.#said += chunk
      this.#change()
    })
    createInterface(this.#process.stdio[3] as Readable).on('line', (line) => {
      this.events.push(JSON.parse(line))
      this.#change()
    })
    this.ended = this.#toItsEnd(text(this.#process.stdout!)).finally(() => process.off('exit', killAtExit))
  }

  get said(): string {
    return this.#said
  }

  /** When the first request of a step got to a moment. */
  timeOf(step: Step, moment: Moment): number | undefined {
    return this.events.find((event) => event.step === step && event.moment === moment)?.atMs
  }

  /** When the process first sent an output. */
  get firstOutputMs(): number | undefined {
    const steps = ['Produce of outputs', 'Produce of the checkpoint'] as const
    const times = steps.flatMap((step) => this.timeOf(step, 'after it is sent') ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Resolves once the process has become the active one, or has ended. */
  async isActive(): Promise<void> {
    await this.#until(() => this.timeOf('InitProducerId', 'after it is sent') !== undefined)
  }

  /** Resolves once the process stands by, or has ended. */
  async standsBy(): Promise<void> {
    await this.#until(() => this.#said.includes('standing by'))
  }

  /** Resolves once the process was killed or stopped by its plan, or has ended. */
  async hasMetItsPlan(): Promise<void> {
    await this.#until(() => this.events.some(({ isCrash }) => isCrash))
  }

  /** Tells the process that a standby is there, so that it may die. */
  tellOfStandby(): void {
    if (!this.#hasEnded) this.#process.send('there is a standby', () => {})
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL')
    // How it ended is told to whoever awaits that, and must not hide what made the scope end.
    await this.ended.catch(() => {})
  }

  async #toItsEnd(stdout: Promise<string>): Promise<Ended> {
    const [[code, signal], atMs] = await Promise.all([
      once(this.#process, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      once(this.#process, 'exit').then(() => systemClock.nowMs()),
    ])
    this.#hasEnded = true
    this.#change()
    const lastLine = (await stdout).trimEnd().split('\n').at(-1)
    const report = lastLine ? (JSON.parse(lastLine) as RunReport) : undefined
    return { atMs, code, signal, crash: this.events.find(({ isCrash }) => isCrash), report }
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#hasEnded) await this.#changed.promise
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

/** Runs an experiment to its end in one process that nothing befalls. */
export async function runUndisturbed(experiment: Experiment, flags: readonly string[] = []): Promise<void> {
  await using program = new Program(experiment, flags, unharmed)
  const { code } = await program.ended
  if (code !== 0) throw new Error(`it ended with ${code}:\n${program.said}`)
}
