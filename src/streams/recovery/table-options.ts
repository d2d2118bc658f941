import { type PendingTableOptions, Reason } from '../../kernel/index.ts'
import type { ProgramIdentity } from '../checkpoint/manifest-writer.ts'
import type { RunOptions } from '../options.ts'
import type { Plan } from '../topology/plan.ts'
import type { Side } from '../topology/plan-sides.ts'
import { laneCountOf } from '../topology/plan-sources.ts'
import { carriesTraces } from '../tracing/carried-contexts.ts'
import type { Tracing } from '../tracing/tracing.ts'

/** What the pending table of a program is, wherever it is. It is data. */
export type ProgramTableOptions = Omit<PendingTableOptions, 'memory' | 'tasks'>

interface TableRequest {
  readonly plan: Plan
  readonly options: Pick<RunOptions, 'pendingBytesMax'>
  readonly tracing: Tracing | undefined
}

export function tableOptions(
  { plan, options, tracing }: TableRequest,
  { hashSeed }: Pick<ProgramIdentity, 'hashSeed'>,
): ProgramTableOptions {
  const sidesWhere = (has: (side: Side) => boolean) => [...plan.sides.keys()].filter((side) => has(plan.sides[side]!))
  return {
    sideCount: plan.sides.length,
    isUnused: plan.aggregation !== undefined || plan.layout === 'routed',
    bytesMax: options.pendingBytesMax,
    hashSeed,
    duplicateReason: Reason.DUPLICATE,
    tooLargeReason: Reason.MERGE_TOO_LARGE,
    refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
    completedReason: plan.correlate.memory && Reason.COMPLETED,
    lateReason: plan.correlate.memory && Reason.LATE,
    optionalSides: sidesWhere(({ isOptional }) => isOptional),
    quorum: plan.correlate.atLeast,
    latestSides: sidesWhere(({ isLatest }) => isLatest),
    lists: plan.sides.flatMap(({ list }, side) => {
      if (list === undefined) return []
      const length = typeof list.count === 'object' ? { toldBy: list.count.side } : list.count
      return [{ side, length, fullReason: Reason.LIST_FULL }]
    }),
    carries: plan.layout === 'routed' || carriesTraces({ plan, tracing }),
    hasLanes: plan.sources.some((source) => laneCountOf(source) > 1),
  }
}
