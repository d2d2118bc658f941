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
 * Cost per record: one look through its headers, which asks nothing but their lengths, a digit and a flag, where only
 * those that are followed are carried.
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
    for (let row = 0; row < count; row++) {
      if (side[row] === noSide || (!this.#isWanted && !this.#mayBeChosen(columns, row))) continue
      if (!parents.find(columns, row)) continue
      const isChosen = this.#sampling?.isChosen(bytes, parents.start, parents.length) === true
      if (!isChosen && !this.#isWanted) continue
      const from = extra.length
      const state = states.find(columns, row) ? states : undefined
      if (!appendTraceContext(extra, isChosen ? TRACED : 0, bytes, parents, state)) continue
      carriedStart[row] = from
      carriedEnd[row] = extra.length
    }
  }

  /**
   * Whether a header of a row is as long as a `traceparent`, and would be chosen if it is one: names are compared only
   * then. Also where the headers are not as they mostly are: then `HeaderFinder` looks.
   */
  #mayBeChosen({ bytes, valueEnd, recordEnd }: RecordColumns, row: number): boolean {
    const sampling = this.#sampling!
    const end = recordEnd[row]!
    let at = valueEnd[row]!
    // One byte tells a number below 64, as its double.
    let count = bytes[at++]!
    if (at > end || (count & 0x81) !== 0) return true
    for (; count > 0; count -= 2) {
      const nameLength = bytes[at]!
      const valueAt = at + 1 + (nameLength >> 1)
      const valueLength = bytes[valueAt]!
      at = valueAt + 1 + (valueLength >> 1)
      // An odd number is below zero: there is none.
      if (at > end || ((nameLength | valueLength) & 0x81) !== 0) return true
      if (nameLength === parentNameLength && sampling.isChosen(bytes, valueAt + 1, valueLength >> 1)) return true
    }
    return false
  }
}

/** As headers tell it. */
const parentNameLength = 2 * 'traceparent'.length
