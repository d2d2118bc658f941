import { MillraceError } from '../../core/errors.ts'
import { deadLetterReasons, duplicateReasons, noSide, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import { type CauseOf, causesOf } from '../dead-letters/dead-letter-cause.ts'
import { SourceStreakNotice } from '../logs/source-streak-notice.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import type { SourceStreak } from './source-streak.ts'

type StreakServices = Pick<Services, 'plan' | 'options' | 'logger' | 'clock' | 'meters'>
type StreakSession = Pick<RestoringSession, 'sources' | 'openStreaks'>

/**
 * Notices that everything of a source becomes a dead letter: then it is the program that does not fit its source, and
 * not the records. Where that is to stop the program, an epoch that ends in such a streak is in doubt (`EpochDoubt`),
 * as one is whose last records a function failed on.
 *
 * State: for each topic, how many records in a row have become dead letters. It goes by the numbers of a batch; only one
 * in which good records and dead letters are mixed is looked at by the row.
 */
export class SourceStreaks {
  readonly #services: StreakServices
  readonly #session: StreakSession
  readonly #causeOf: CauseOf
  readonly #notice: SourceStreakNotice
  readonly #lengths: number[]

  constructor(services: StreakServices, session: StreakSession) {
    const { plan, logger, clock } = services
    this.#services = services
    this.#session = session
    this.#causeOf = causesOf(plan, session.sources.partitions)
    this.#notice = new SourceStreakNotice(plan.name, logger, clock)
    this.#lengths = plan.sources.map(() => 0)
  }

  /** What has not committed is read again. */
  reset(): void {
    this.#lengths.fill(0)
    for (const { id } of this.#services.plan.sources) this.#session.openStreaks.delete(id)
  }

  /**
   * Rows were taken in.
   *
   * @param letterCount - How many of them became dead letters, duplicates apart.
   * @returns Whether they end in a streak that may stop the program.
   * @throws MillraceError `SOURCE_UNUSABLE`
   */
  note(columns: RecordColumns, letterCount: number): boolean {
    const { count } = columns
    if (count === 0) return false
    const source = this.#session.sources.partitions.sourceOf(columns.partition)
    // What was a dead letter before may well be one again.
    if (columns.origins !== undefined) return this.#doubt(source)
    if (letterCount === count) this.#grow(source, count, columns, count - 1)
    else if (letterCount === 0) this.#end(source)
    else this.#walk(source, columns)
    return this.#doubt(source)
  }

  #walk(source: number, columns: RecordColumns): void {
    let from = 0
    for (let row = 0; row < columns.count; row++) {
      if (isLetter(columns, row)) continue
      if (row > from) this.#grow(source, row - from, columns, row - 1)
      this.#end(source)
      from = row + 1
    }
    if (columns.count > from) this.#grow(source, columns.count - from, columns, columns.count - 1)
  }

  #grow(source: number, count: number, columns: RecordColumns, last: number): void {
    const { options, meters } = this.#services
    const length = (this.#lengths[source]! += count)
    if (length < options.maxConsecutivePoison) return
    const { topic, partition } = this.#session.sources.partitions.placeOf(columns.partition)
    const reason = deadLetterReasons[columns.reason[last]!]!.name
    const streak = { topic, partition, offset: columns.offset[last]!, records: length, reason }
    meters.streaks.note(streak)
    if (options.onPoison === 'stop') throw this.#unusable(streak, this.#causeOf(columns, last))
    this.#notice.tell(streak, () => this.#causeOf(columns, last))
  }

  #end(source: number): void {
    const length = this.#lengths[source]!
    if (length === 0) return
    this.#lengths[source] = 0
    const { topic } = this.#services.plan.sources[source]!
    this.#services.meters.streaks.end(topic)
    this.#notice.end(topic, length)
  }

  #doubt(source: number): boolean {
    if (this.#services.options.onPoison !== 'stop') return false
    const { openStreaks } = this.#session
    const { id } = this.#services.plan.sources[source]!
    const isOpen = this.#lengths[source]! > 0
    if (isOpen) openStreaks.add(id)
    else openStreaks.delete(id)
    return isOpen
  }

  #unusable({ topic, partition, offset, records, reason }: SourceStreak, cause: string): MillraceError {
    return new MillraceError(
      'SOURCE_UNUSABLE',
      `the last ${records} records of topic "${topic}" would all be dead letters (${reason}), last offset ${offset} of partition ${partition}: ${cause}`,
      { topic, partition, offset, records, reason },
    )
  }
}

function isLetter({ side, flags, reason }: RecordColumns, row: number): boolean {
  return side[row] === noSide && (flags[row]! & rowFlags.filtered) === 0 && !duplicateReasons.has(reason[row]!)
}
