import { noSide, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { Session } from '../recovery/session.ts'
import { keepsFinishedParts } from '../topology/plan.ts'
import type { Services } from '../runtime/services.ts'
import { promotedBytesMax } from '../topics/program-topics.ts'
import { carriesTraces } from '../tracing/carried-contexts.ts'
import { finishedPart, finishedPartBytes } from './finished-part.ts'
import { computedPart, computedPartBytes, needsHeaders, type PromotablePart, sourcePart } from './promotable-part.ts'

type PromotingSession = Pick<Session, 'state' | 'schedule' | 'sources'>

/**
 * Promotes parts with the epoch that consumes them: those that a stage must not compute a second time, and those whose
 * records the source may drop at any time. In a program with tables all are promoted as its functions have made them,
 * because what tables held then is not there any more.
 */
export class DirectPromotion {
  readonly #session: PromotingSession
  /** Sides whose parts must not be computed twice. */
  readonly #computedSides: ReadonlySet<number>
  /** Whether all parts are kept as functions have made them. */
  readonly #keepsFinished: boolean
  /** By source, whether all parts are promoted. */
  readonly #areCompacted: readonly boolean[]
  /** Bytes of the largest record that can be promoted. */
  readonly #bytesMax: number
  readonly #withHeaders: boolean
  readonly #carriesTraces: boolean

  constructor(services: Pick<Services, 'plan' | 'topics' | 'tracing'>, session: PromotingSession) {
    const { plan, topics } = services
    this.#session = session
    this.#computedSides = new Set(plan.sides.flatMap(({ stage }, side) => (stage.deterministic ? [] : side)))
    this.#keepsFinished = keepsFinishedParts(plan)
    this.#areCompacted = topics.areCompacted
    this.#bytesMax = promotedBytesMax(topics)
    this.#withHeaders = needsHeaders(services)
    this.#carriesTraces = carriesTraces(services)
  }

  /** Makes dead letters of parts that have to be promoted and are too large, whether or not they would be pending. */
  refuse(columns: RecordColumns): void {
    if (this.#computedSides.size === 0 && !this.#keepsFinished) return
    const { count, side } = columns
    const bytesOf = this.#keepsFinished ? finishedPartBytes : computedPartBytes
    for (let row = 0; row < count; row++) {
      if (!this.#mustPromote(side[row]!) || bytesOf(columns, row) <= this.#bytesMax) continue
      columns.refuse(row, Reason.PART_TOO_LARGE)
    }
  }

  /** Promotes the parts of rows that the table has taken in, if they are pending when the epoch ends. */
  take(columns: RecordColumns): void {
    const { state, schedule, sources } = this.#session
    const isCompacted = this.#areCompacted[sources.partitions.list[columns.partition]!.source]!
    if (this.#computedSides.size === 0 && !this.#keepsFinished && !isCompacted) return
    for (let row = 0; row < columns.count; row++) {
      const side = columns.side[row]!
      const mustPromote = this.#mustPromote(side)
      if (side === noSide || !(mustPromote || isCompacted)) continue
      const part = this.#partOf(columns, row)
      // A record that does not fit stays in the source only; a part that has to be promoted has been refused.
      if (!mustPromote && part.bytes > this.#bytesMax) continue
      state.promoted.add(part)
      schedule.owe(part.bytes)
    }
  }

  #mustPromote(side: number): boolean {
    return side !== noSide && (this.#keepsFinished || this.#computedSides.has(side))
  }

  #partOf(columns: RecordColumns, row: number): PromotablePart {
    const isRedriven = columns.origins !== undefined
    if (this.#keepsFinished) return finishedPart(columns, row, this.#carriesTraces || isRedriven)
    const withHeaders = this.#withHeaders || isRedriven
    const isComputed = this.#computedSides.has(columns.side[row]!)
    return isComputed ? computedPart(columns, row, withHeaders) : sourcePart(columns, row, withHeaders)
  }
}
