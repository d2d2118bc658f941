import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock, Timer } from '../core/clock.ts'

/** How late the event loop ran, in seconds, over the last ten to twenty seconds. */
export interface LoopDelay {
  readonly median: number
  readonly p99: number
  readonly max: number
}

export interface ProcessReading {
  readonly loopDelay: LoopDelay
  /** User and system time since the process began. */
  readonly cpuSeconds: number
  readonly residentBytes: number
}

const windowMs = 10_000
/** What the loop is asked for in turns, in milliseconds. */
const resolutionMs = 20

/** What the process is like apart from the program. */
export class ProcessReadings implements Disposable {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #clock: Clock
  #earlier: LoopDelay = { median: 0, p99: 0, max: 0 }
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#histogram.enable()
    this.#turn()
  }

  read(): ProcessReading {
    const { user, system } = process.cpuUsage()
    const now = delayOf(this.#histogram)
    const { median, p99, max } = this.#earlier
    return {
      loopDelay: {
        median: Math.max(median, now.median),
        p99: Math.max(p99, now.p99),
        max: Math.max(max, now.max),
      },
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#histogram.disable()
  }

  #turn(): void {
    this.#timer = this.#clock.setTimer({ afterMs: windowMs, background: true }, () => {
      this.#earlier = delayOf(this.#histogram)
      this.#histogram.reset()
      this.#turn()
    })
  }
}

/** An interval that was kept is no delay. */
function delayOf(histogram: IntervalHistogram): LoopDelay {
  const late = (nanoseconds: number) =>
    Math.max(0, (Number.isFinite(nanoseconds) ? nanoseconds : 0) / 1e9 - resolutionMs / 1e3)
  if (histogram.count === 0) return { median: 0, p99: 0, max: 0 }
  return {
    median: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  }
}
