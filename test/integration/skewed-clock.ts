import { type Clock, systemClock, type Timer } from '../../src/core/clock.ts'

/** The clock of a machine that somebody has set wrong. */
export class SkewedClock implements Clock {
  /** How far it is ahead, in milliseconds. */
  skewMs: number

  constructor(skewMs: number) {
    this.skewMs = skewMs
  }

  nowMs(): number {
    return systemClock.nowMs() + this.skewMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs()
  }

  setTimer(options: { afterMs: number; background?: boolean }, callback: () => void): Timer {
    return systemClock.setTimer(options, callback)
  }
}
