import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../src/core/clock.ts'

/** Longer than anything takes on a busy machine, and shorter than a test may take. */
const patienceMs = 120_000

/**
 * Waits for a state that nothing announces: asks at each turn of the event loop until the answer is true, or anything
 * else that counts as such.
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
    const answer = await ask()
    if (answer) return answer as Exclude<Awaited<Answer>, false | 0 | undefined>
    if (systemClock.monotonicMs() > endMs)
      throw new Error(`within ${patienceMs / 1_000} s it did not happen that ${expected}`)
    await setImmediate()
  }
}
