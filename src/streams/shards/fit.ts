import { TopologyError } from '../../core/errors.ts'
import type { RunOptions } from '../options.ts'
import { isHandedOver, type Plan, type PlannedSource } from '../topology/plan.ts'
import type { Side } from '../topology/plan-sides.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { workerFunctions } from '../workers/worker-function.ts'

/** What decides whether the pending table of a program is in shards. */
export interface ShardWishes {
  readonly plan: Plan
  readonly options: Pick<RunOptions, 'workers' | 'standbyRefreshMs'>
  readonly tracing: Tracing | undefined
}

/**
 * Shards of the pending table that a program is to have; 0 for none. Where it has functions on workers, these are what
 * its threads are for.
 */
export function shardCountOf({ plan, options }: Pick<ShardWishes, 'plan' | 'options'>): number {
  return workerFunctions(plan).length > 0 ? 0 : options.workers
}

/** @throws TopologyError `WORKERS_UNFIT` where a program is to have shards and cannot. */
export function refuseUnfit(wishes: ShardWishes): void {
  if (shardCountOf(wishes) === 0) return
  const reasons = reasonsAgainst(wishes)
  if (reasons.length > 0) throw unfit(wishes, reasons)
}

/** @param areCompacted - By source: parts of a compacted topic are promoted as they come. */
export function refuseCompacted(wishes: ShardWishes, areCompacted: readonly boolean[]): void {
  if (shardCountOf(wishes) === 0) return
  const compacted = wishes.plan.sources.filter((_, source) => areCompacted[source])
  if (compacted.length > 0)
    throw unfit(
      wishes,
      compacted.map(({ topic }) => `the topic "${topic}" is compacted`),
    )
}

function unfit({ plan, options }: ShardWishes, reasons: readonly string[]): TopologyError {
  const { name } = plan
  const text = `"${name}" does not run with ${options.workers} workers: ${reasons.join('; ')}`
  return new TopologyError('WORKERS_UNFIT', text, { app: name, reasons: reasons.join('; ') })
}

/** What of a program goes by the whole table, or by functions on the main thread. */
function reasonsAgainst({ plan, options, tracing }: ShardWishes): string[] {
  const { layout, next, aggregation, correlate, sources, sides, tables, lookups } = plan
  const { id, withinMs, atLeast, expiry, memory, whenFull } = correlate
  const reasons = {
    [`the layout is "${layout}"`]: layout !== 'single',
    'a correlation follows another': next !== undefined || sources.some(({ isInternal }) => isInternal),
    [`"${id}" has windows`]: aggregation !== undefined,
    'functions use tables': tables.length + lookups.length > 0,
    [`"${id}" has optional sides`]: withinMs !== undefined,
    [`"${id}" merges as soon as ${atLeast} sides are there`]: atLeast !== undefined,
    [`rows of "${id}" expire`]: expiry !== undefined,
    [`"${id}" remembers completed keys`]: memory !== undefined,
    [`"${id}" has whenFull: "${whenFull}"`]: whenFull !== 'stop',
    'merges are followed as spans': tracing !== undefined,
    'standbyRefreshMs asks for a table in a standby': options.standbyRefreshMs > 0,
    'what comes after the merge is more than one sink with its defaults': isHandedOver(plan),
  }
  return [
    ...Object.keys(reasons).filter((reason) => reasons[reason]),
    ...sources.flatMap(reasonsOfSource),
    ...sides.flatMap((side) => reasonsOfSide(side, id)),
  ]
}

function reasonsOfSource({ id, decode, steps, timestamp, route }: PlannedSource): string[] {
  const { by } = route
  return [
    ...steps.map((step) => `"${step.id}" is a function on the main thread`),
    ...(typeof decode === 'object' ? [`"${id}" has its values opened by \`decode\``] : []),
    ...(timestamp === undefined ? [] : [`the timestamp of "${id}" is a field`]),
    ...(typeof by === 'function' ? [`"${route.id}" is a function on the main thread`] : []),
    ...(typeof by === 'object' && by.kind !== 'field' ? [`"${route.id}" goes by a header or the record's key`] : []),
  ]
}

function reasonsOfSide({ name, isActive, isLatest, list, key }: Side, id: string): string[] {
  return [
    ...(isActive ? [`stage "${name}" has a function or a schema on the main thread`] : []),
    ...(key.kind === 'keyFunction' ? [`the key of side "${name}" is a function`] : []),
    ...(isLatest ? [`side "${name}" of "${id}" takes the latest part`] : []),
    ...(list === undefined ? [] : [`side "${name}" of "${id}" is a list`]),
  ]
}
