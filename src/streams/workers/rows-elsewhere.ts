import type { ActorContext } from '../../actors/index.ts'
import type { LostDigits } from '../functions/function-values.ts'
import { alreadySettled, MadeElsewhere, type RowFunction } from '../functions/row-function.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { Crew } from './crew.ts'
import { outcome, type Outcomes } from './outcomes.ts'

/** Who asks for the rows of a batch, and by what. */
export interface AskingOperator {
  readonly crew: Crew
  /** Index of its function among those on workers. */
  readonly function: number
  readonly place: PartitionPlace
  /** Whether the rows are of a life that has ended. */
  readonly isOver: () => boolean
  readonly finder: Pick<ActorContext<never>, 'ref'>
  readonly onLostDigits: (lost: LostDigits) => void
}

const notConcerned = -1

/** The rows of a batch whose function is called on worker threads: who asks for a row is given what came of it there. */
export class RowsElsewhere<Rows extends RowFunction = RowFunction> implements RowFunction {
  readonly rows: Rows
  readonly #operator: AskingOperator
  readonly #slices: Outcomes[] = []
  /** By row: in which of these slices it was last, and at which place; `notConcerned` of rows that are in none. */
  readonly #sliceOf: Int32Array
  readonly #placeOf: Int32Array
  /** Rows over which a thread has ended, until they are asked for. */
  readonly #killed = new Map<number, unknown>()
  /** Rows that are on their way. */
  #openCount = 0
  #waiting: PromiseWithResolvers<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #isDropped = false

  constructor(rows: Rows, operator: AskingOperator) {
    this.rows = rows
    this.#operator = operator
    const { count } = rows.columns
    const memory = new Int32Array(3 * count)
    this.#sliceOf = memory.subarray(0, count)
    this.#placeOf = memory.subarray(count, 2 * count)
    const concerned = memory.subarray(2 * count)
    let concernedCount = 0
    for (let row = 0; row < count; row++) {
      if (rows.concerns(row)) concerned[concernedCount++] = row
      else this.#sliceOf[row] = notConcerned
    }
    this.#begin(concerned.subarray(0, concernedCount))
  }

  get isAskedOnce() {
    return this.rows.isAskedOnce ?? false
  }

  get columns() {
    return this.rows.columns
  }

  concerns(row: number): boolean {
    return this.#sliceOf[row] !== notConcerned
  }

  async prepare(again: readonly number[] | undefined, signal: AbortSignal): Promise<void> {
    if (again !== undefined) this.#begin(Int32Array.from(again))
    signal.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#openCount === 0) return
    const waiting = (this.#waiting = Promise.withResolvers<void>())
    const onAbort = () => {
      this.#isDropped = true
      waiting.reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await waiting.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#waiting = undefined
    }
  }

  ask(row: number): unknown {
    if (this.#killed.has(row)) {
      const error = this.#killed.get(row)
      this.#killed.delete(row)
      // Tried again, also where what the function throws is its last word.
      return Promise.reject(error)
    }
    const outcomes = this.#slices[this.#sliceOf[row]!]!
    const at = this.#placeOf[row]!
    switch (outcomes.kind(at)) {
      case outcome.made:
        return new MadeElsewhere(outcomes.made(at))
      case outcome.madeNull:
        return new MadeElsewhere(null)
      case outcome.filtered:
        this.columns.filter(row)
        return alreadySettled
      case outcome.refused:
        this.columns.refuse(row, outcomes.reason(at), outcomes.cause(at))
        return alreadySettled
      case outcome.failed:
        throw outcomes.error(at)
      default:
        return alreadySettled
    }
  }

  accept(row: number, made: unknown): void {
    this.rows.accept(row, made)
  }

  giveUp(row: number, cause: unknown): void {
    this.rows.giveUp(row, cause)
  }

  #begin(rows: Int32Array): void {
    const { crew, function: index, place, isOver, finder, onLostDigits } = this.#operator
    const { columns } = this
    this.#openCount += rows.length
    const call = {
      function: index,
      columns,
      place,
      rows,
      isOver: () => this.#isDropped || isOver(),
      onDone: (done: Int32Array, outcomes: Outcomes) => {
        const slice = this.#slices.push(outcomes) - 1
        for (let at = 0; at < done.length; at++) {
          this.#sliceOf[done[at]!] = slice
          this.#placeOf[done[at]!] = at
        }
        this.#settled(done.length)
      },
      onKilled: (row: number, error: unknown) => {
        this.#killed.set(row, error)
        this.#settled(1)
      },
      onLostDigits: (lost: Pick<LostDigits, 'offset' | 'written'>) =>
        onLostDigits({ partition: columns.partition, ...lost }),
      onFailed: (error: unknown) => {
        this.#failure = { error }
        this.#waiting?.reject(error)
      },
    }
    crew.begin(call, finder)
  }

  #settled(count: number): void {
    this.#openCount -= count
    if (this.#openCount === 0) this.#waiting?.resolve()
  }
}
