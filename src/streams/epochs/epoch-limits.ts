import type { RunOptions } from '../options.ts'
import type { Plan } from '../topology/plan.ts'

/**
 * How much more often epochs may be closed early where all rows come from a subtopology before, an epoch of that one at
 * a time. At the same interval a row waits for half of it again, and one that comes a little too early for all of it.
 */
const followingFactor = 2

/** The options of a program as bounds of the epochs of one of its subtopologies. */
export function epochLimits(options: RunOptions, { sources }: Pick<Plan, 'sources'>): RunOptions {
  if (!sources.every(({ isInternal }) => isInternal)) return options
  return { ...options, transactionsPerSecondMax: options.transactionsPerSecondMax * followingFactor }
}
