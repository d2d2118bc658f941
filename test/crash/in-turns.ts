import { systemRandom } from '../../src/core/random.ts'
import type { Suite } from '../integration/target.ts'

export const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
/** Whether all of them run on all brokers. */
const isFull = process.env['MILLRACE_KILLS'] !== undefined

/**
 * Says for one broker after the other which tests run there, by their numbers: each has its turn with one of so
 * many, by the seed.
 */
export function turnsOf(count: number): () => (index: number) => boolean {
  let broker = 0
  return () => {
    const turn = broker++
    return (index) => isFull || (seed + index) % count === turn
  }
}

/** Suites of which each runs on one broker, in turns; all of them on both with `MILLRACE_KILLS`. */
export function inTurns(suites: readonly Suite[]): Suite {
  const next = turnsOf(2)
  return (target) => {
    const isTurnOf = next()
    for (const [index, suite] of suites.entries()) if (isTurnOf(index)) suite(target)
  }
}
