import { systemClock, type Timer } from '../core/clock.ts'

/** Terminals are drawn often, logs written seldom: more and more so the longer it takes. */
const terminalMs = 100
const firstLogMs = 1_000
const logMsMax = 10_000

/** Calls `show` from time to time until disposed. */
export function startTicker(show: () => void): Disposable {
  const { isTTY } = process.stderr
  let everyMs = isTTY ? terminalMs : firstLogMs
  let timer: Timer
  const arm = () => {
    timer = systemClock.setTimer({ afterMs: everyMs, background: true }, () => {
      show()
      if (!isTTY) everyMs = Math.min(logMsMax, 2 * everyMs)
      arm()
    })
  }
  arm()
  return { [Symbol.dispose]: () => timer.cancel() }
}
