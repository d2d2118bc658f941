import { systemRandom } from '../../src/core/random.ts'
import type { Suite } from '../integration/target.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
const isFull = process.env['MILLRACE_KILLS'] !== undefined
const brokers = 2

/** Campaigns of which each runs on one broker, in turns by the seed; all of them on both with `MILLRACE_KILLS`. */
export function inTurns(campaigns: readonly Suite[]): Suite {
  let broker = 0
  return (target) => {
    const turn = broker++
    for (const [index, campaign] of campaigns.entries()) {
      if (isFull || (seed + index) % brokers === turn) campaign(target)
    }
  }
}
