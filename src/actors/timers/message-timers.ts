import type { Clock, Timer } from '../../core/clock.ts'

/** Sends a message; the promise resolves once there is room for it. */
type Send = () => Promise<void>

/** Calls `send` once, after `ms` milliseconds. */
export function sendAfter(clock: Clock, ms: number, send: Send, onDone: () => void): Timer {
  return clock.setTimer({ afterMs: ms }, () => {
    onDone()
    void send()
  })
}

/**
 * Calls `send` every `ms` milliseconds, first after as many: at multiples of `ms` since now, however long the sends
 * take. It skips those times at which the message before still waits for room, so that messages of a slow receiver do
 * not pile up.
 */
export function sendEvery(clock: Clock, ms: number, send: Send): Timer {
  let dueMs = clock.monotonicMs() + ms
  let isWaiting = false
  let timer = arm()
  return { cancel: () => timer.cancel() }

  function arm(): Timer {
    return clock.setTimer({ afterMs: dueMs - clock.monotonicMs() }, tick)
  }

  function tick(): void {
    const missed = Math.floor((clock.monotonicMs() - dueMs) / ms)
    dueMs += (Math.max(missed, 0) + 1) * ms
    timer = arm()
    if (isWaiting) return
    const hasRoom = () => void (isWaiting = false)
    isWaiting = true
    send().then(hasRoom, hasRoom)
  }
}
