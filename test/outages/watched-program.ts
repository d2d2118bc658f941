import { systemClock } from '../../src/core/clock.ts'
import type { App, Logger } from '../../src/streams/index.ts'
import { type QuietServer, serveQuietly } from '../http/serve-quietly.ts'

/** A line of a program's log. */
interface Line {
  readonly atMs: number
  readonly level: 'info' | 'warn' | 'error'
  readonly sentence: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** The metrics that tell an operator of an outage. */
const watched = ['millrace_ready', 'millrace_broker_waiting', 'millrace_broker_wait_time_seconds'] as const

/** What an operator can see of a program at a moment. */
export interface Sight {
  /** What `/ready` and `/live` answer. */
  readonly ready: { readonly status: number; readonly reason: string }
  readonly live: number
  readonly metrics: Readonly<Record<(typeof watched)[number], number>>
}

/** A program with what its operator sees of it: its log, its health and its metrics. */
export class WatchedProgram implements AsyncDisposable {
  readonly app: App
  readonly #lines: readonly Line[]
  readonly #server: QuietServer

  /** @param start - Starts the program with a logger. */
  static async start(start: (logger: Logger) => Promise<App>): Promise<WatchedProgram> {
    const lines: Line[] = []
    const hear = (level: Line['level']) => (facts: object, sentence: string) =>
      void lines.push({ atMs: systemClock.monotonicMs(), level, sentence, facts: { ...facts } })
    const app = await start({ debug() {}, info: hear('info'), warn: hear('warn'), error: hear('error') })
    return new WatchedProgram(app, lines, await serveQuietly(app))
  }

  private constructor(app: App, lines: readonly Line[], server: QuietServer) {
    this.app = app
    this.#lines = lines
    this.#server = server
  }

  /** What was logged since a moment of the monotonic clock, as text, with the seconds after it. */
  told(sinceMs: number): string[] {
    return this.#lines
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ atMs, level, sentence, facts }) => {
        const { waitingFor, waitedMs, err } = facts as { waitingFor?: string; waitedMs?: number; err?: Error }
        const about = [waitingFor, waitedMs && `${waitedMs} ms`, err?.message].filter(Boolean).join('; ')
        return `${((atMs - sinceMs) / 1_000).toFixed(1)} s ${level} ${sentence}${about && `: ${about}`}`
      })
  }

  async see(): Promise<Sight> {
    const [ready, live] = [await this.#server.ask('/ready'), await this.#server.ask('/live')]
    const metrics = watched.map(async (name) => [name, (await this.#server.metrics(name))[''] ?? NaN])
    return {
      ready: { status: ready.status, reason: ready.text.trim() },
      live: live.status,
      metrics: Object.fromEntries(await Promise.all(metrics)) as Sight['metrics'],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close()
    await this.app.stop()
  }
}
