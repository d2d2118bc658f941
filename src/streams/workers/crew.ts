/**
 * Crew: the worker threads of a program, as its operators use them.
 *
 * A call is what a function is to be asked for of one batch. It is cut into slices as workers have room, so that each
 * takes about `sliceMs` whatever the function costs, and a worker has a further slice while it is at one. Slices of a
 * call are done in any order, and calls of several batches and operators at a time; the operators put the rows in order.
 * A worker that ends, for whatever reason, loses its slices. The row that it was at has failed by that; all others are
 * asked again, elsewhere.
 * State: nothing that outlives a call, but what a row of each function costs.
 * Cost per record: a copy of the record, and of what was made of it.
 */
import type { ActorContext } from '../../actors/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { messageOf } from '../functions/row-function.ts'
import type { RecordColumns, RecordOrigin } from '../../kernel/index.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { LostDigits } from '../functions/function-values.ts'
import type { Services } from '../runtime/services.ts'
import { Outcomes, type SliceAnswer } from './outcomes.ts'
import { packSlice, sliceEnd } from './slice.ts'
import { type WorkerFunction, workerFunctions } from './worker-function.ts'
import type { SliceMessage } from './worker-messages.ts'
import { WorkerProgress } from './worker-progress.ts'

/** What a slice is to take, in milliseconds. A hop to a thread and back takes about 0.1. */
const sliceMs = 4
const sliceRowsMax = 1_024
const sliceBytesMax = 1 << 20
/** Rows of a slice while nothing is known of a function. */
const sliceRowsFirst = 16
/** Slices that a worker has at a time: one that it is at, and the next. */
const openSlicesMax = 2
/** An answer is waited for without a bound: a thread that is blocked is found and ended by what runs it. */
const askMs = 2 ** 31 - 1

/** Rows of a batch that a function is to be asked for, and who is told what becomes of them. */
export interface Call {
  /** Index of the function. */
  readonly function: number
  readonly columns: RecordColumns
  readonly place: PartitionPlace
  readonly rows: Int32Array
  /** Whether nobody wants to know any more. */
  readonly isOver: () => boolean
  /** @param rows - Of the call; outcomes are in their order. */
  onDone(rows: Int32Array, outcomes: Outcomes): void
  /** The thread has ended over a row. */
  onKilled(row: number, error: unknown): void
  onLostDigits(lost: Pick<LostDigits, 'offset' | 'written'>): void
  /** Nobody is there to ask. */
  onFailed(error: unknown): void
}

interface Slice {
  readonly call: Call
  readonly rows: Int32Array
}

/** What finds the actors of workers: the context of any operator. */
export type Finder = Pick<ActorContext<never>, 'ref'>

/** A worker, as its crew sees it. */
interface Worker {
  /** The id of its actor, and the name of its thread. */
  readonly id: string
  readonly path: string
  readonly progress: WorkerProgress
  openSlices: number
}

/** Id of the supervisor of all workers. */
export const workersId = 'workers'

export class Crew {
  readonly functions: readonly WorkerFunction[]
  readonly workers: readonly Worker[]
  readonly #calls: { readonly call: Call; next: number }[] = []
  /** Those that a worker has lost. */
  readonly #again: Slice[] = []
  /** By function: milliseconds that a row takes. */
  readonly #rowMs: number[] = []
  #nextSlice = 0

  private constructor(app: string, functions: readonly WorkerFunction[], count: number) {
    this.functions = functions
    this.workers = Array.from({ length: count }, (_, index) => {
      const id = `worker-${index + 1}`
      return { id, path: `${app}/${workersId}/${id}`, progress: new WorkerProgress(), openSlices: 0 }
    })
  }

  /** That of a program; undefined where it has no worker, or nothing for one to do. */
  static of({ plan, options }: Pick<Services, 'plan' | 'options'>): Crew | undefined {
    const functions = workerFunctions(plan)
    return options.workers === 0 || functions.length === 0 ? undefined : new Crew(plan.name, functions, options.workers)
  }

  begin(call: Call, finder: Finder): void {
    if (call.rows.length === 0) return
    this.#calls.push({ call, next: 0 })
    this.#hand(finder)
  }

  /** Gives workers that have room what is to be done. */
  #hand(finder: Finder): void {
    for (;;) {
      const worker = this.workers.reduce((best, each) => (each.openSlices < best.openSlices ? each : best))
      if (worker.openSlices === openSlicesMax) return
      const slice = this.#next()
      if (slice === undefined) return
      void this.#ask(worker, slice, finder)
    }
  }

  #next(): Slice | undefined {
    for (;;) {
      const slice = this.#again.pop() ?? this.#cut()
      if (slice === undefined || !slice.call.isOver()) return slice
    }
  }

  /** The next slice of the oldest call that has rows left. */
  #cut(): Slice | undefined {
    const [oldest] = this.#calls
    if (oldest === undefined) return undefined
    const { call, next } = oldest
    const rowMs = this.#rowMs[call.function]
    const rowsMax =
      rowMs === undefined ? sliceRowsFirst : Math.min(sliceRowsMax, Math.max(1, Math.round(sliceMs / rowMs)))
    oldest.next = sliceEnd(call.columns, call.rows, next, { rowsMax, bytesMax: sliceBytesMax })
    if (oldest.next === call.rows.length) this.#calls.shift()
    return { call, rows: call.rows.subarray(next, oldest.next) }
  }

  async #ask(worker: Worker, { call, rows }: Slice, finder: Finder): Promise<void> {
    const number = (this.#nextSlice = (this.#nextSlice + 1) | 0)
    const { function: index, columns, place } = call
    worker.openSlices++
    const [message, count] = [{ type: 'slice', slice: number, function: index, place } as const, rows.length]
    const asked = {
      count,
      bytes: packSlice(columns, rows),
      partition: columns.partition,
      origins: originsOf(columns, rows),
    }
    const answer = await finder
      .ref<SliceMessage>(worker.path)
      .ask({ ...message, ...asked }, { timeoutMs: askMs })
      .catch((error: unknown) => this.#lost({ call, rows }, worker.progress.rowOf(number), error))
    worker.openSlices--
    if (answer !== undefined) {
      this.#note(index, answer.tookMs / count)
      if (!call.isOver()) take(call, rows, answer)
    }
    this.#hand(finder)
  }

  /** A worker has ended before it answered. */
  #lost({ call, rows }: Slice, at: number | undefined, error: unknown): undefined {
    if (call.isOver()) return
    const isStopped = !MillraceError.is(error) || error.code !== 'ACTOR_ASK_FAILED'
    if (isStopped) {
      call.onFailed(error)
      return
    }
    if (at === undefined) {
      this.#again.push({ call, rows })
      return
    }
    call.onKilled(rows[at]!, error.cause ?? error)
    for (const part of [rows.subarray(at + 1), rows.subarray(0, at)]) {
      if (part.length > 0) this.#again.push({ call, rows: part })
    }
  }

  #note(index: number, rowMs: number): void {
    const before = this.#rowMs[index] ?? rowMs
    this.#rowMs[index] = before + (rowMs - before) / 8
  }
}

function take(call: Call, rows: Int32Array, answer: SliceAnswer): void {
  if (answer.lost !== undefined) call.onLostDigits(answer.lost)
  const failures = new Map(
    answer.failures.map(({ row, error, isPermanent }) => [row, isPermanent ? permanent(error) : error]),
  )
  call.onDone(rows, new Outcomes(rows.length, answer, failures))
}

/** The class of an error does not cross. */
function permanent(error: unknown): PermanentFailure {
  return new PermanentFailure(messageOf(error), { cause: error })
}

function originsOf({ origins, offset }: RecordColumns, rows: Int32Array): Map<number, RecordOrigin> | undefined {
  if (origins === undefined) return undefined
  const some = new Map<number, RecordOrigin>()
  for (const row of rows) {
    const origin = origins.get(offset[row]!)
    if (origin !== undefined) some.set(offset[row]!, origin)
  }
  return some
}
