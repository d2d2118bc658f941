import { HeaderFinder, noSide, type RecordColumns, TRACED } from '../../kernel/index.ts'
import type { Sink } from '../topology/sink.ts'
import { appendTraceContext } from './trace-context.ts'
import type { Tracing } from './tracing.ts'

/** What is known of traces: which sinks want them, and which are followed. */
export interface TraceWishes {
  readonly plan: { readonly sinks: readonly Pick<Sink, 'traceContext'>[] }
  readonly tracing?: Pick<Tracing, 'sampling'> | undefined
}

/** Whether parts carry the traces of their records: all of them because a sink wants them, or those that are followed. */
export function carriesTraces({ plan, tracing }: TraceWishes): boolean {
  return areWanted(plan) || tracing !== undefined
}

/** Whether a sink carries traces on. */
export function areWanted({ sinks }: TraceWishes['plan']): boolean {
  return sinks.some(({ traceContext }) => traceContext)
}

/**
 * What the decoder looks for so that parts carry it (`assembly/trace-look.ts`), the least random part of an id that is
 * followed; absent where nothing is followed, or all traces are carried.
 */
export function soughtByDecoder({ plan, tracing }: TraceWishes): Uint8Array | undefined {
  return areWanted(plan) ? undefined : tracing?.sampling.leastRandom
}

/**
 * Has the parts of a batch carry the traces that their records came with. The table keeps them with the part, so they
 * share its fate: a rollback undoes them with it, and a restoration finds them in the record that it reads again.
 * Cost per record: none where the decoder has looked; else one look through its headers.
 */
export class CarriedContexts {
  readonly #isWanted: boolean
  readonly #sampling: Tracing['sampling'] | undefined
  readonly #parents = new HeaderFinder('traceparent')
  readonly #states = new HeaderFinder('tracestate')

  constructor({ plan, tracing }: TraceWishes) {
    this.#isWanted = areWanted(plan)
    this.#sampling = tracing?.sampling
  }

  take(columns: RecordColumns): void {
    if (columns.unseenRows !== undefined) {
      for (const row of columns.unseenRows) this.#takeRow(columns, row)
      return
    }
    columns.carryNothing()
    for (let row = 0; row < columns.count; row++) this.#takeRow(columns, row)
  }

  #takeRow(columns: RecordColumns, row: number): void {
    const { bytes, side, extra } = columns
    const [parents, states] = [this.#parents, this.#states]
    if (side[row] === noSide || !parents.find(columns, row)) return
    const isChosen = this.#sampling?.isChosen(bytes, parents.start, parents.length) === true
    if (!isChosen && !this.#isWanted) return
    const from = extra.length
    const state = states.find(columns, row) ? states : undefined
    if (!appendTraceContext(extra, isChosen ? TRACED : 0, bytes, parents, state)) return
    columns.carriedStart[row] = from
    columns.carriedEnd[row] = extra.length
  }
}
