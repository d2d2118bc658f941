import type { ActorContext } from '../../actors/index.ts'
import type { LostDigits } from '../functions/function-values.ts'
import { alreadySettled, type RowFunction } from '../functions/row-function.ts'
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

/** What stands in place of an outcome: the row is not asked for, or nothing of it has come. */
const notConcerned = 255
const awaited = 254
const bytesPerRow = 3 * 4 + 2

/** The rows of a batch whose function is called on worker threads: who asks for a row is given what came of it there. */
export class RowsElsewhere<Rows extends RowFunction = RowFunction> implements RowFunction {
  readonly rows: Rows
  readonly #operator: AskingOperator
  /** By row: what came of it last, and where what was made of it is kept. */
  readonly #kind: Uint8Array
  readonly #reason: Uint8Array
  readonly #madeStart: Int32Array
  readonly #madeEnd: Int32Array
  /** Of rows that have more to say. */
  readonly #causes = new Map<number, string>()
  readonly #errors = new Map<number, unknown>()
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
    const memory = new ArrayBuffer(bytesPerRow * count)
    this.#madeStart = new Int32Array(memory, 0, count)
    this.#madeEnd = new Int32Array(memory, 4 * count, count)
    const concerned = new Int32Array(memory, 8 * count, count)
    this.#kind = new Uint8Array(memory, 12 * count, count)
    this.#reason = new Uint8Array(memory, 13 * count, count)
    let concernedCount = 0
    for (let row = 0; row < count; row++) {
      const isConcerned = rows.concerns(row)
      this.#kind[row] = isConcerned ? awaited : notConcerned
      if (isConcerned) concerned[concernedCount++] = row
    }
    this.#begin(concerned.subarray(0, concernedCount))
  }

  get columns() {
    return this.rows.columns
  }

  concerns(row: number): boolean {
    return this.#kind[row] !== notConcerned
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
      // Not a word of the function: tried again.
      return Promise.reject(error)
    }
    switch (this.#kind[row]!) {
      case outcome.made:
        this.rows.acceptMade!(row, this.#madeStart[row]!, this.#madeEnd[row]!)
        return alreadySettled
      case outcome.madeNull:
        return null
      case outcome.filtered:
        this.columns.filter(row)
        return alreadySettled
      case outcome.refused:
        this.columns.refuse(row, this.#reason[row]!, this.#causes.get(row))
        return alreadySettled
      case outcome.failed:
        throw this.#errors.get(row)
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
        this.#take(done, outcomes)
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

  /** Takes what came of some rows out of memory that others will use again. */
  #take(done: Int32Array, { kinds, reasons, ends, made, causes, failures }: Outcomes): void {
    const kept = made.length === 0 ? 0 : this.rows.keepMade!(made)
    let start = kept
    for (let at = 0; at < done.length; at++) {
      const row = done[at]!
      const end = kept + ends[at]!
      this.#kind[row] = kinds[at]!
      this.#reason[row] = reasons[at]!
      this.#madeStart[row] = start
      this.#madeEnd[row] = start = end
    }
    for (const [at, cause] of causes) this.#causes.set(done[at]!, cause)
    for (const [at, error] of failures) this.#errors.set(done[at]!, error)
  }

  #settled(count: number): void {
    this.#openCount -= count
    if (this.#openCount === 0) this.#waiting?.resolve()
  }
}
