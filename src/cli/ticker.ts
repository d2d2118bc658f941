import { systemClock, type Timer } from '../core/clock.ts'

/** Terminals are drawn often, logs written seldom. */
const terminalMs = 100
const logMs = 2_000

/** Calls `show` from time to time until disposed. */
export function startTicker(show: () => void): Disposable {
  const everyMs = process.stderr.isTTY ? terminalMs : logMs
  let timer: Timer
  const arm = () => {
    timer = systemClock.setTimer({ afterMs: everyMs, background: true }, () => {
      show()
      arm()
    })
  }
  arm()
  return { [Symbol.dispose]: () => timer.cancel() }
}
