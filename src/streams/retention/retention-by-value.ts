import { noSide, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { Session } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { keptBytesMax } from '../topics/program-topics.ts'
import { madePart, madePartBytes, sourcePart } from './kept-part.ts'

/**
 * Has parts retained by value with the epoch that consumes them: those that a stage must not make a second time, and
 * those whose records the source may drop at any time.
 */
export class RetentionByValue {
  readonly #session: Pick<Session, 'state' | 'schedule'>
  /** Sides whose parts must not be made twice. */
  readonly #madeSides: ReadonlySet<number>
  /** Whether all parts are retained. */
  readonly #isCompacted: boolean
  /** Bytes of the largest record that can be retained. */
  readonly #bytesMax: number

  constructor({ plan, topics }: Pick<Services, 'plan' | 'topics'>, session: Pick<Session, 'state' | 'schedule'>) {
    this.#session = session
    this.#madeSides = new Set(plan.sides.flatMap(({ stage }, side) => (stage.deterministic ? [] : side)))
    this.#isCompacted = topics.isCompacted
    this.#bytesMax = keptBytesMax(topics)
  }

  /** Makes dead letters of made parts that are too large to be retained, whether or not they would be pending. */
  refuse(columns: RecordColumns): void {
    if (this.#madeSides.size === 0) return
    const { count, side, reason } = columns
    for (let row = 0; row < count; row++) {
      if (!this.#madeSides.has(side[row]!) || madePartBytes(columns, row) <= this.#bytesMax) continue
      side[row] = noSide
      reason[row] = Reason.PART_TOO_LARGE
    }
  }

  /** Retains the parts of rows that the table has taken in, if they are pending when the epoch ends. */
  take(columns: RecordColumns): void {
    if (this.#madeSides.size === 0 && !this.#isCompacted) return
    const { state, schedule } = this.#session
    for (let row = 0; row < columns.count; row++) {
      const side = columns.side[row]!
      const isMade = this.#madeSides.has(side)
      if (side === noSide || !(isMade || this.#isCompacted)) continue
      const part = isMade ? madePart(columns, row) : sourcePart(columns, row)
      // A record that does not fit stays in the source only; a made part has been refused.
      if (!isMade && part.bytes > this.#bytesMax) continue
      state.promoted.add(part)
      schedule.owe(part.bytes)
    }
  }
}
