import { HeaderFinder, noSide, type RecordColumns, TRACED } from '../../kernel/index.ts'
import type { Plan } from '../topology/plan.ts'
import { appendTraceContext } from './trace-context.ts'
import type { Tracing } from './tracing.ts'

/** What is known of traces: which sinks want them, and which are followed. */
export interface TraceWishes {
  readonly plan: Pick<Plan, 'sinks'>
  readonly tracing?: Pick<Tracing, 'sampling'> | undefined
}

/** Whether parts carry the traces of their records: all of them because a sink wants them, or those that are followed. */
export function carriesTraces({ plan, tracing }: TraceWishes): boolean {
  return isWanted(plan) || tracing !== undefined
}

function isWanted({ sinks }: TraceWishes['plan']): boolean {
  return sinks.some(({ traceContext }) => traceContext)
}

/**
 * Has the parts of a batch carry the traces that their records came with. The table keeps them with the part, so they
 * share its fate: a rollback undoes them with it, and a restoration finds them in the record that it reads again.
 * Cost per record: none where the decoder has looked (`assembly/trace-look.ts`) and only those that are followed are
 * carried; else one look through its headers.
 */
export class CarriedContexts {
  readonly #isWanted: boolean
  readonly #sampling: Tracing['sampling'] | undefined
  readonly #parents = new HeaderFinder('traceparent')
  readonly #states = new HeaderFinder('tracestate')

  constructor({ plan, tracing }: TraceWishes) {
    this.#isWanted = isWanted(plan)
    this.#sampling = tracing?.sampling
  }

  take(columns: RecordColumns): void {
    const { bytes, count, side, extra, carriedStart, carriedEnd } = columns
    const [parents, states] = [this.#parents, this.#states]
    carriedStart.fill(0, 0, count)
    carriedEnd.fill(0, 0, count)
    // Where a sink wants all traces, or nobody has looked.
    const traced = this.#isWanted ? undefined : columns.tracedRows
    const looks = traced?.length ?? count
    for (let at = 0; at < looks; at++) {
      const row = traced === undefined ? at : traced[at]!
      if (side[row] === noSide || !parents.find(columns, row)) continue
      const isChosen = this.#sampling?.isChosen(bytes, parents.start, parents.length) === true
      if (!isChosen && !this.#isWanted) continue
      const from = extra.length
      const state = states.find(columns, row) ? states : undefined
      if (!appendTraceContext(extra, isChosen ? TRACED : 0, bytes, parents, state)) continue
      carriedStart[row] = from
      carriedEnd[row] = extra.length
    }
  }
}
