import { TopologyError } from '../../core/errors.ts'
import type { RunOptions } from '../options.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import type { Side } from '../topology/plan-sides.ts'
import { workerFunctions } from '../workers/worker-function.ts'

/** What decides whether the pending table of a program is in shards. */
export interface ShardWishes {
  readonly plan: Plan
  readonly options: Pick<RunOptions, 'workers' | 'shards' | 'standbyRefreshMs'>
}

/**
 * Shards of the pending table that a program is to have; 0 for none. Where it has functions on workers, these are what
 * its threads are for, unless it is told otherwise.
 */
export function shardCountOf({ plan, options: { workers, shards } }: ShardWishes): number {
  return shards ?? (workerFunctions(plan).length > 0 ? 0 : workers)
}

/**
 * Whether shards read the records of a program themselves. Else its operators do, whose functions, schemas and formats
 * are on the main thread or on workers, and give shards rows.
 *
 * @param areCompacted - By source: parts of a compacted topic are promoted as they come, with their records.
 */
export function areReadInShards({ sources, sides }: Plan, areCompacted: readonly boolean[]): boolean {
  return !areCompacted.includes(true) && sources.every(isReadInShards) && sides.every(isMadeInShards)
}

function isReadInShards({ isInternal, decode, steps, timestamp, route: { by } }: PlannedSource): boolean {
  const isRouted = by === undefined || (typeof by === 'object' && by.kind === 'field')
  return !isInternal && typeof decode !== 'object' && steps.length === 0 && timestamp === undefined && isRouted
}

function isMadeInShards({ isActive, key, list }: Side): boolean {
  // How many parts a list has is read on the main thread from the part that tells it.
  return !isActive && key.kind !== 'keyFunction' && typeof list?.count !== 'object'
}

/** @throws TopologyError `WORKERS_UNFIT` where a program is to have shards and cannot. */
export function refuseUnfit(wishes: ShardWishes): void {
  const { plan } = wishes
  const count = shardCountOf(wishes)
  if (count > 0) {
    const reasons = reasonsAgainst(wishes).join('; ')
    const text = `"${plan.name}" does not run with its pending table on ${count} threads: ${reasons}`
    if (reasons !== '') throw new TopologyError('WORKERS_UNFIT', text, { app: plan.name, reasons })
  }
  if (plan.next !== undefined) refuseUnfit({ ...wishes, plan: plan.next })
}

/** What of a program goes by the whole table, or comes after it on the main thread. */
function reasonsAgainst({ plan, options }: ShardWishes): string[] {
  const { layout, aggregation, correlate } = plan
  const { id, whenFull } = correlate
  const reasons = {
    [`the layout is "${layout}"`]: layout !== 'single',
    [`"${id}" has windows`]: aggregation !== undefined,
    [`"${id}" has whenFull: "${whenFull}"`]: whenFull !== 'stop',
    'standbyRefreshMs asks for a table in a standby': options.standbyRefreshMs > 0,
  }
  return Object.keys(reasons).filter((reason) => reasons[reason])
}
