import { noSide, type RecordColumns } from '../../kernel/index.ts'
import type { Plan } from '../topology/plan.ts'
import { traceContextOf } from './trace-context.ts'

/** Whether parts carry the traces of their records, because a sink wants them. */
export function carriesTraces({ sinks }: Pick<Plan, 'sinks'>): boolean {
  return sinks.some(({ traceContext }) => traceContext)
}

/**
 * Has the parts of a batch carry the traces that their records came with. The table keeps them with the part, so they
 * share its fate: a rollback undoes them with it, and a restoration finds them in the record that it reads again.
 * Cost per record: one look through its headers.
 */
export function carryTraces(columns: RecordColumns): void {
  const { count, side, extra, carriedStart, carriedEnd } = columns
  for (let row = 0; row < count; row++) {
    const context = side[row] === noSide ? undefined : traceContextOf(columns, row)
    carriedStart[row] = context === undefined ? 0 : extra.append(context)
    carriedEnd[row] = carriedStart[row]! + (context?.length ?? 0)
  }
}
