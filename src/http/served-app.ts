import type { Clock } from '../core/clock.ts'
import type { App, Inspection } from '../streams/index.ts'
import type { HttpOptions } from './options.ts'
import { readinessOf, type Readiness } from './health.ts'
import { type MetricsView, metricsView } from './metrics/metrics-view.ts'
import type { ProcessReading } from './process-readings.ts'

/** Whether a process lives, and is ready. */
export interface Health extends Readiness {
  readonly isAlive: boolean
}

/** A program as the server sees it, from before it has started to after it has ended. */
export class ServedApp {
  readonly #options: HttpOptions
  readonly #clock: Clock
  readonly #beganMs: number
  #app: App | undefined
  #ended: string | undefined

  constructor(starting: App | Promise<App>, options: HttpOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#beganMs = clock.monotonicMs()
    void this.#follow(starting)
  }

  /** Undefined before the program has started. */
  get app(): App | undefined {
    return this.#app
  }

  async health(): Promise<Health> {
    if (this.#ended !== undefined) return { isAlive: false, isReady: false, reason: this.#ended }
    if (this.#app === undefined) {
      const seconds = Math.round((this.#clock.monotonicMs() - this.#beganMs) / 1_000)
      return { isAlive: true, isReady: false, reason: `has been starting for ${seconds} s` }
    }
    return this.healthOf(await this.#app.inspect({ countsPending: false }))
  }

  healthOf(inspection: Inspection): Health {
    if (this.#ended !== undefined) return { isAlive: false, isReady: false, reason: this.#ended }
    return { isAlive: true, ...readinessOf(inspection, this.#options) }
  }

  /** What metrics are read from. */
  viewOf(inspection: Inspection, process: ProcessReading): MetricsView {
    return { ...metricsView(inspection, process, this.#options), readiness: this.healthOf(inspection) }
  }

  /** Why there is no program any more, as the end of a sentence; undefined while there is, or will be. */
  get endedBy(): string | undefined {
    return this.#ended
  }

  async #follow(starting: App | Promise<App>): Promise<void> {
    try {
      this.#app = await starting
      await this.#app.done
      this.#ended = 'has been stopped'
    } catch (error) {
      this.#ended = `has ended: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}
