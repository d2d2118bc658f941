import { grouped } from '../core/grouped.ts'
import type { Inspection } from '../streams/index.ts'

/** A rate is of so long at least, in milliseconds. */
const windowMs = 1_000

interface Point {
  readonly atMs: number
  readonly records: number
}

/**
 * What a program does now, in one line: its role, epoch, rate, lag, pending rows and dead letters; what it waits for,
 * where it does. State: what it had consumed a moment ago, for the rate.
 */
export class LiveLine {
  /** Where the window of the rate begins, and what will be its beginning next. */
  #from: Point | undefined
  #next: Point | undefined

  text(inspection: Inspection): string {
    const { role, waiting, atMs, standbyAgeMs } = inspection
    if (waiting !== undefined) return `${role}  waits for Kafka for ${seconds(atMs - waiting.sinceMs)}: ${waiting.for}`
    if (role !== 'active')
      return `${role}${standbyAgeMs === undefined ? '' : `  its table is ${seconds(standbyAgeMs)} old`}`
    const { report, partitions, deadLetters, epochs } = inspection
    const lag = partitions.reduce((sum, partition) => sum + partition.lag, 0)
    const letters = deadLetters.reduce((sum, { count }) => sum + count, 0)
    const rate = this.#rate({ atMs, records: report.records })
    return [
      role,
      `${grouped(rate)} records/s`,
      `lag ${grouped(lag)}`,
      `pending ${grouped(report.pendingRows)}`,
      `dead letters ${grouped(letters)}`,
      `epoch ${grouped(epochs.committed)}`,
    ].join('  ')
  }

  #rate(now: Point): number {
    this.#from ??= now
    this.#next ??= now
    if (now.atMs - this.#next.atMs >= windowMs) {
      this.#from = this.#next
      this.#next = now
    }
    const passedMs = now.atMs - this.#from.atMs
    return passedMs > 0 ? Math.round(((now.records - this.#from.records) * 1_000) / passedMs) : 0
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
