/**
 * Merged functions: has the filters and maps of a program see a merged record, before it is written.
 *
 * They are synchronous and do the same each time, so a failure is final: another attempt would end alike. The row then
 * leaves as dead letters.
 * State: the streak, which is how many records in a row one of them has failed on. It begins anew with each life,
 * because what a rollback undoes is merged again. A streak that reaches `maxConsecutivePoison` ends the program, and
 * while there is one its dead letters are not committed (`openStreaks` of the session). What is wrong with the program
 * is kept until the table can be left: `throwFault`.
 * Cost per record: one parse, the functions, and writing the result as JSON where there is a map.
 */
import { FunctionError, TopologyError } from '../../core/errors.ts'
import { type HandedRecord, LEFT_OUT, PUBLISHED, Reason } from '../../kernel/index.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { isThenable, messageOf } from '../functions/row-function.ts'
import { FunctionValues } from '../functions/function-values.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import type { MergedStep, MergeKey } from '../topology/merged-step.ts'
import { functionIds } from '../topology/plan.ts'

interface CountedStep extends MergedStep {
  /** Its number among the functions of the program. */
  readonly place: number
}

type Host = Pick<Services, 'plan' | 'options' | 'logger' | 'loop'>

export class MergedFunctions {
  readonly #host: Host
  readonly #session: Pick<RestoringSession, 'openStreaks' | 'sources'>
  readonly #steps: readonly CountedStep[]
  readonly #values: FunctionValues
  #streak = 0
  #fault: Error | undefined
  #cause = ''
  #made: string | null | undefined

  /** Of one life. */
  constructor(host: Host, session: Pick<RestoringSession, 'openStreaks' | 'sources'>) {
    const { plan, logger } = host
    const ids = functionIds(plan)
    this.#host = host
    this.#session = session
    this.#steps = plan.steps.map((step) => ({ ...step, place: ids.indexOf(step.id) }))
    for (const { id } of this.#steps) session.openStreaks.delete(id)
    const { id, bigIntegers } = this.#steps[0]!
    this.#values = new FunctionValues({ bigIntegers }, (lost) =>
      logger.warn(
        { app: plan.name, operator: id, ...lost, ...session.sources.partitions.placeOf(lost.partition) },
        `"${id}" is given ${lost.written} as a number, which loses digits; with bigIntegers: 'bigint' it is a BigInt`,
      ),
    )
  }

  /** What was made of the last record, as JSON; null for no value, undefined where it is to be written as it stands. */
  get made(): string | null | undefined {
    return this.#made
  }

  /** Why the last record became dead letters. */
  get cause(): string {
    return this.#cause
  }

  /** @returns Whether the record is to be published, as an outcome of its row. */
  apply(record: HandedRecord): number {
    this.#made = undefined
    if (this.#fault !== undefined) return Reason.MERGE_FAILED
    const { bytes, valueStart, headersStart, partition, offset } = record
    const parsed = this.#values.parseText(bytes.toString('utf8', valueStart, headersStart), partition, offset)
    const key = (parsed as Record<string, MergeKey>)[this.#host.plan.correlate.keyName]!
    let value = parsed
    let isMade = false
    for (const step of this.#steps) {
      try {
        const result = this.#call(step, value, key, record)
        if (step.kind === 'map') {
          value = result
          isMade = true
        } else if (!result) {
          this.#succeeded()
          return LEFT_OUT
        }
      } catch (error) {
        return this.#failed(step, error, record)
      }
    }
    this.#succeeded()
    return isMade ? this.#keep(value) : PUBLISHED
  }

  /**
   * @throws TopologyError `TOPOLOGY_INVALID` for a function that has returned a promise; FunctionError
   * `STAGE_FAILS_ON_EVERYTHING`
   */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  #call({ id, place, call }: CountedStep, value: unknown, key: MergeKey, { partition, offset }: HandedRecord): unknown {
    const { loop } = this.#host
    loop.enter(place, this.#session.sources.partitions.placeOf(partition).partition, offset)
    try {
      const result = call(value, key)
      if (!isThenable(result)) return result
      // Nobody waits for it.
      Promise.resolve(result).catch(() => {})
      this.#fault = new TopologyError('TOPOLOGY_INVALID', `the function of "${id}" returns a promise`, { operator: id })
      throw this.#fault
    } finally {
      loop.leave()
    }
  }

  #keep(value: unknown): number {
    try {
      this.#made = value === null ? null : this.#values.stringify(value)
    } catch (error) {
      this.#cause = messageOf(error)
      return Reason.MERGE_NOT_JSON
    }
    if (this.#made !== undefined) return PUBLISHED
    this.#cause = `a map has made ${typeof value}, which is no JSON`
    return Reason.MERGE_NOT_JSON
  }

  #succeeded(): void {
    if (this.#streak === 0) return
    this.#streak = 0
    for (const { id } of this.#steps) this.#session.openStreaks.delete(id)
  }

  #failed({ id }: CountedStep, error: unknown, { partition: number, offset }: HandedRecord): number {
    this.#cause = `"${id}" failed: ${messageOf(error)}`
    if (this.#fault !== undefined) return Reason.MERGE_FAILED
    if (PermanentFailure.is(error)) {
      this.#succeeded()
      return Reason.MERGE_FAILED
    }
    const { maxConsecutivePoison } = this.#host.options
    const place = this.#session.sources.partitions.placeOf(number)
    this.#session.openStreaks.add(id)
    if (++this.#streak >= maxConsecutivePoison) {
      this.#fault = new FunctionError(
        'STAGE_FAILS_ON_EVERYTHING',
        `"${id}" failed on ${maxConsecutivePoison} merged records in a row, last on that of offset ${offset} of partition ${place.partition} of topic "${place.topic}": ${messageOf(error)}`,
        { operator: id, partition: place.partition, offset, consecutiveMax: maxConsecutivePoison },
        error,
      )
    }
    return Reason.MERGE_FAILED
  }
}
