/**
 * Merged functions: has the functions of a program see a merged record, before it is written: filters, maps, flatMaps, the
 * choice of a sink, and what a sink makes of its records.
 *
 * They are synchronous and do the same each time, so a failure is final: another attempt would end alike. The row then
 * leaves as dead letters.
 * State: what the last record is to become (`PublishedRecords`); the streak, which is how many records in a row one of them
 * has failed on. It begins anew with each life, because what a rollback undoes is merged again. A streak that reaches
 * `maxConsecutivePoison` ends the program, and while there is one its dead letters are not committed (`openStreaks` of
 * the session). What is wrong with the program is kept until the table can be left: `throwFault`.
 * Cost per record: one parse, the functions, and writing the result as JSON where there is a map; nothing where no
 * function sees a value.
 */
import { kindOf } from '../../core/kind-of.ts'
import { FunctionError, type TopologyError } from '../../core/errors.ts'
import { type HandedRecord, LEFT_OUT, PUBLISHED, Reason } from '../../kernel/index.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { isThenable, messageOf, refusePromise } from '../functions/row-function.ts'
import { type FunctionValues, functionValues } from '../functions/function-values.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import { functionIds } from '../topology/plan.ts'
import type { MergedMaker } from './merged-publisher.ts'
import { PublishedRecords, type Publishing } from './published-records.ts'
import { SinkRecords } from './sink-records.ts'

type Host = Pick<Services, 'plan' | 'options' | 'logger' | 'loop'>
type HostSession = Pick<RestoringSession, 'openStreaks' | 'sources'>

export class MergedFunctions implements MergedMaker {
  readonly #host: Host
  readonly #session: HostSession
  /** By id, the number among the functions of the program; -1 for a sink that has none. */
  readonly #places: ReadonlyMap<string, number>
  readonly #sinks: readonly SinkRecords[]
  readonly #values: FunctionValues
  /** Whether any function is to see values. */
  readonly #sees: boolean
  /** Whether a record may become several. */
  readonly #expands: boolean
  /** Id of the one whose function is called. */
  #operator = ''
  #streak = 0
  #fault: Error | undefined
  #cause = ''
  /** The merged record as a value. */
  #parsed: unknown
  readonly #published = new PublishedRecords()

  /** Of one life. */
  constructor(host: Host, session: HostSession, partitionCounts: readonly number[]) {
    const { plan } = host
    const { steps, branch, sinks } = plan
    this.#host = host
    this.#session = session
    const ids = functionIds(plan)
    const operators = [...steps, ...(branch ? [branch] : []), ...sinks]
    this.#places = new Map(operators.map(({ id }) => [id, ids.indexOf(id)]))
    this.#sinks = sinks.map((sink, index) => new SinkRecords(sink, partitionCounts[index]!))
    this.#sees = steps.length > 0 || branch !== undefined || this.#sinks.some(({ sees }) => sees)
    this.#expands = steps.some(({ kind }) => kind === 'flatMap')
    this.#endStreaks()
    const [first] = steps
    this.#values = functionValues(host, session, first?.id ?? plan.writerId, first?.bigIntegers ?? 'number')
  }

  /** Why the last record became dead letters. */
  get cause(): string {
    return this.#cause
  }

  get published(): Pick<PublishedRecords, 'count' | 'at'> {
    return this.#published
  }

  apply(record: HandedRecord): number {
    if (this.#fault !== undefined) return Reason.MERGE_FAILED
    this.#published.clear()
    if (!this.#sees) {
      this.#publish(0, undefined, undefined, '', record)
      return PUBLISHED
    }
    const { bytes, valueStart, headersStart, partition, offset } = record
    const parsed = this.#values.parseBytes(bytes, valueStart, headersStart, partition, offset)
    const key = (parsed as Record<string, MergeKey>)[this.#host.plan.correlate.keyName]!
    this.#parsed = parsed
    try {
      const outcome = this.#pass(0, parsed, key, record)
      this.#succeeded()
      if (this.#expands) this.#published.number()
      return outcome === PUBLISHED && this.#published.count === 0 ? LEFT_OUT : outcome
    } catch (error) {
      return this.#failed(error, record)
    } finally {
      this.#host.loop.leave()
    }
  }

  /**
   * @throws TopologyError `TOPOLOGY_INVALID` for a function that has returned a promise; FunctionError
   * `STAGE_FAILS_ON_EVERYTHING`
   */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  /** Passes a value through the steps from one on. @returns Why it is not published, where that is so. */
  #pass(from: number, given: unknown, key: MergeKey, record: HandedRecord): number {
    const { steps } = this.#host.plan
    let value = given
    for (let at = from; at < steps.length; at++) {
      const { id, kind, call } = steps[at]!
      this.#enter(id, record)
      const result = this.#atOnce(call(value, key))
      if (kind === 'flatMap') return this.#passEach(at + 1, result, key, record)
      if (kind === 'map') value = result
      else if (!result) return LEFT_OUT
    }
    return this.#settle(value, key, record)
  }

  #passEach(from: number, made: unknown, key: MergeKey, record: HandedRecord): number {
    if (!Array.isArray(made)) throw new Error(`it returned ${kindOf(made)}, where a list belongs`)
    for (const each of made) {
      const outcome = this.#pass(from, each, key, record)
      // All of them are published, or none.
      if (outcome > PUBLISHED) return outcome
    }
    return PUBLISHED
  }

  #settle(value: unknown, key: MergeKey, record: HandedRecord): number {
    const { branch, sinks } = this.#host.plan
    let sink = 0
    if (branch !== undefined) {
      this.#enter(branch.id, record)
      const name = this.#atOnce(branch.choose(value, key))
      if (name === undefined) return LEFT_OUT
      sink = this.#sinkOf(name)
    }
    this.#enter(sinks[sink]!.id, record)
    const made = value === this.#parsed ? undefined : this.#jsonOf(value)
    if (typeof made === 'number') return made
    this.#publish(sink, made, value, key, record)
    return PUBLISHED
  }

  #publish(sink: number, made: Publishing['made'], value: unknown, key: MergeKey, record: HandedRecord): void {
    const records = this.#sinks[sink]!
    this.#published.add(
      sink,
      made,
      this.#atOnce(records.keyOf(value, key)),
      records.headersOf(value, key, record),
      records.partitionOf(value, key),
    )
  }

  #sinkOf(name: unknown): number {
    const { sinks } = this.#host.plan
    const sink = sinks.findIndex(({ id }) => id === name)
    if (sink >= 0) return sink
    const names = sinks.map(({ id }) => JSON.stringify(id)).join(', ')
    throw new Error(`there is no sink ${typeof name === 'string' ? JSON.stringify(name) : String(name)}, but ${names}`)
  }

  #enter(id: string, { partition, offset }: HandedRecord): void {
    this.#operator = id
    const place = this.#places.get(id)!
    if (place >= 0) this.#host.loop.enter(place, this.#session.sources.partitions.partitionOf(partition), offset)
  }

  /** Fails for a promise: nobody can wait for it here. */
  #atOnce<Result>(result: Result): Result {
    if (!isThenable(result)) return result
    try {
      refusePromise(this.#operator, result)
    } catch (error) {
      this.#fault = error as TopologyError
      throw error
    }
  }

  /** A value as JSON, or the dead-letter code where it is none. */
  #jsonOf(value: unknown): string | null | number {
    if (value === null) return null
    try {
      const made = this.#values.stringify(value)
      if (made !== undefined) return made
      this.#cause = `a map has made ${typeof value}, which is no JSON`
    } catch (error) {
      this.#cause = messageOf(error)
    }
    return Reason.MERGE_NOT_JSON
  }

  #succeeded(): void {
    if (this.#streak === 0) return
    this.#streak = 0
    this.#endStreaks()
  }

  #endStreaks(): void {
    for (const id of this.#places.keys()) this.#session.openStreaks.delete(id)
  }

  #failed(error: unknown, { partition: number, offset }: HandedRecord): number {
    const id = this.#operator
    this.#cause = `"${id}" failed: ${messageOf(error)}`
    if (this.#fault !== undefined) return Reason.MERGE_FAILED
    if (PermanentFailure.is(error)) {
      this.#succeeded()
      return Reason.MERGE_FAILED
    }
    const { partitions } = this.#session.sources
    // What was a dead letter before may well be one again.
    if (partitions.isRedriven(number)) return Reason.MERGE_FAILED
    const { plan, options } = this.#host
    const { maxConsecutivePoison } = options
    const place = partitions.placeOf(number)
    this.#session.openStreaks.add(id)
    if (++this.#streak >= maxConsecutivePoison) {
      const failed =
        plan.aggregation === undefined
          ? `merged records in a row, last on that of offset ${offset} of partition ${place.partition} of topic "${place.topic}"`
          : 'results of windows in a row'
      this.#fault = new FunctionError(
        'STAGE_FAILS_ON_EVERYTHING',
        `"${id}" failed on ${maxConsecutivePoison} ${failed}: ${messageOf(error)}`,
        { operator: id, partition: place.partition, offset, consecutiveMax: maxConsecutivePoison },
        error,
      )
    }
    return Reason.MERGE_FAILED
  }
}
