import type { Timer } from '../../core/clock.ts'
import type { Services } from '../runtime/services.ts'
import type { BadRow, TopicRows } from './topic-rows.ts'

/** How often bad rows are counted in the log while they go on, in milliseconds. */
const tellEveryMs = 60_000

/**
 * Tells of records that are no rows of the table that their topic fills: listeners of each batch with some, the log of
 * the first one of a table, and of the others by their number, once a minute.
 */
export class BadRowsNotice {
  readonly #services: Pick<Services, 'plan' | 'logger' | 'clock' | 'events'>
  /** How many of each table were told. */
  readonly #told = new Map<TopicRows, number>()
  #timer: Timer | undefined

  constructor(services: Pick<Services, 'plan' | 'logger' | 'clock' | 'events'>) {
    this.#services = services
  }

  /**
   * A batch of a topic had bad rows.
   *
   * @param count - How many.
   */
  note(rows: TopicRows, { partition, offset, error }: BadRow, count: number): void {
    const { plan, logger, clock, events } = this.#services
    const { name: table, topic } = rows.declaration
    const why = error instanceof Error ? error.message : String(error)
    events.tell('tableRowsRefused', () => ({ table, topic, partition, offset, rows: count, error: why }))
    if (!this.#told.has(rows)) {
      const facts = { app: plan.name, table, topic, partition, offset, err: error }
      logger.warn(facts, 'a record is no row of the table that its topic fills: there is no row of its key')
      this.#told.set(rows, rows.badCount - count + 1)
    }
    this.#timer ??= clock.setTimer({ afterMs: tellEveryMs, background: true }, () => this.stop())
  }

  /** Tells what is to be told. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const [rows, told] of this.#told) {
      if (rows.badCount === told) continue
      const { name: table, topic } = rows.declaration
      const facts = { app: this.#services.plan.name, table, topic, records: rows.badCount - told }
      this.#services.logger.warn(facts, 'more records are no rows of the table that their topic fills')
      this.#told.set(rows, rows.badCount)
    }
  }
}
