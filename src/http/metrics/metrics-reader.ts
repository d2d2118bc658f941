import { type Clock, systemClock } from '../../core/clock.ts'
import { resolveOptions } from '../../core/options.ts'
import type { App } from '../../streams/index.ts'
import { httpOptions } from '../options.ts'
import { ProcessReadings } from '../process-readings.ts'
import type { HttpSettings } from '../settings.ts'
import { type MetricsView, metricsView } from './metrics-view.ts'

/** What is measured by settings. */
export type MetricsOptions = Pick<HttpSettings, 'readyDelayMaxMs'>

/** Reads all that instruments are read from, once for all who ask at the same time. */
export class MetricsReader implements Disposable {
  readonly #app: App
  readonly #readyDelayMaxMs: number
  readonly #readings: ProcessReadings
  #reading: Promise<MetricsView> | undefined

  /** @throws ConfigError `CONFIG_INVALID_VALUE` */
  constructor(app: App, options: MetricsOptions = {}, clock: Clock = systemClock) {
    const { readyDelayMaxMs } = resolveOptions(httpOptions, { given: options, env: process.env })
    this.#app = app
    this.#readyDelayMaxMs = readyDelayMaxMs
    this.#readings = new ProcessReadings(clock)
  }

  read(): Promise<MetricsView> {
    this.#reading ??= this.#look().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  [Symbol.dispose](): void {
    this.#readings[Symbol.dispose]()
  }

  async #look(): Promise<MetricsView> {
    const bounds = { readyDelayMaxMs: this.#readyDelayMaxMs }
    return metricsView(await this.#app.inspect(), this.#readings.read(), bounds)
  }
}
