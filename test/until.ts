import { setImmediate } from 'node:timers/promises'
import { sleep, systemClock } from '../src/core/clock.ts'

/** Longer than anything takes on a busy machine, and shorter than a test may take. */
const patienceMs = 120_000
/** So long it rests at most between two questions. */
const restMsMax = 100

/**
 * Waits for a state that nothing announces: asks at each turn of the event loop until the answer is true, or anything
 * else that counts as such. A question that has to be waited for, because it asks a broker, is followed by a rest
 * as long: what is waited for needs the processor as well.
 *
 * @param expected - What is awaited, as a sentence; the error says that it has not come true.
 * @returns The answer.
 */
export async function until<Answer>(
  expected: string,
  ask: () => Answer | Promise<Answer>,
): Promise<Exclude<Awaited<Answer>, false | 0 | undefined>> {
  const endMs = systemClock.monotonicMs() + patienceMs
  for (;;) {
    const askedMs = systemClock.monotonicMs()
    const asked = ask()
    const answer = await asked
    if (answer) return answer as Exclude<Awaited<Answer>, false | 0 | undefined>
    const nowMs = systemClock.monotonicMs()
    if (nowMs > endMs) throw new Error(`within ${patienceMs / 1_000} s it did not happen that ${expected}`)
    if (asked instanceof Promise) await sleep(systemClock, Math.min(nowMs - askedMs, restMsMax))
    else await setImmediate()
  }
}
