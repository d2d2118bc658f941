import { noSide, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { Session } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { promotedBytesMax } from '../topics/program-topics.ts'
import { computedPart, computedPartBytes, needsHeaders, sourcePart } from './promotable-part.ts'

type PromotingSession = Pick<Session, 'state' | 'schedule' | 'sources'>

/**
 * Promotes parts with the epoch that consumes them: those that a stage must not compute a second time, and those whose
 * records the source may drop at any time.
 */
export class DirectPromotion {
  readonly #session: PromotingSession
  /** Sides whose parts must not be computed twice. */
  readonly #computedSides: ReadonlySet<number>
  /** By source, whether all parts are promoted. */
  readonly #areCompacted: readonly boolean[]
  /** Bytes of the largest record that can be promoted. */
  readonly #bytesMax: number
  readonly #withHeaders: boolean

  constructor(services: Pick<Services, 'plan' | 'topics' | 'tracing'>, session: PromotingSession) {
    const { plan, topics } = services
    this.#session = session
    this.#computedSides = new Set(plan.sides.flatMap(({ stage }, side) => (stage.deterministic ? [] : side)))
    this.#areCompacted = topics.areCompacted
    this.#bytesMax = promotedBytesMax(topics)
    this.#withHeaders = needsHeaders(services)
  }

  /** Makes dead letters of computed parts that are too large to be promoted, whether or not they would be pending. */
  refuse(columns: RecordColumns): void {
    if (this.#computedSides.size === 0) return
    const { count, side } = columns
    for (let row = 0; row < count; row++) {
      if (!this.#computedSides.has(side[row]!) || computedPartBytes(columns, row) <= this.#bytesMax) continue
      columns.refuse(row, Reason.PART_TOO_LARGE)
    }
  }

  /** Promotes the parts of rows that the table has taken in, if they are pending when the epoch ends. */
  take(columns: RecordColumns): void {
    const { state, schedule, sources } = this.#session
    const isCompacted = this.#areCompacted[sources.partitions.list[columns.partition]!.source]!
    if (this.#computedSides.size === 0 && !isCompacted) return
    for (let row = 0; row < columns.count; row++) {
      const side = columns.side[row]!
      const isComputed = this.#computedSides.has(side)
      if (side === noSide || !(isComputed || isCompacted)) continue
      const withHeaders = this.#withHeaders || columns.origins !== undefined
      const part = isComputed ? computedPart(columns, row, withHeaders) : sourcePart(columns, row, withHeaders)
      // A record that does not fit stays in the source only; a computed part has been refused.
      if (!isComputed && part.bytes > this.#bytesMax) continue
      state.promoted.add(part)
      schedule.owe(part.bytes)
    }
  }
}
