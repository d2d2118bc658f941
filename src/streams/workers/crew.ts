/**
 * Crew: the worker threads of a program, as its operators use them.
 *
 * A call is what a function is to be asked for of one batch. It is cut into slices as workers have room. What a worker is
 * given is a load, a message of about `loadMs`: one slice, or several of calls that wait, whatever their function and
 * batch, because a message costs as much as the rows of many. A worker has further loads while it is at one. Slices of a
 * call are done in any order, and calls of several batches and operators at a time; the operators put the rows in order.
 * A worker that ends, for whatever reason, loses its slices. The row that it was at has failed by that; all others are
 * asked again, elsewhere.
 * State: nothing that outlives a call, but what a row of each function costs, and memory for loads.
 * Cost per record: a copy of the record, and of what was made of it.
 */
import type { ActorContext } from '../../actors/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { messageOf } from '../functions/row-function.ts'
import type { RecordColumns, RecordOrigin } from '../../kernel/index.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { LostDigits } from '../functions/function-values.ts'
import type { RunOptions } from '../options.ts'
import type { Services } from '../runtime/services.ts'
import { Outcomes, type SliceAnswer } from './outcomes.ts'
import { packSlice, planSlice, sliceEnd, type SlicePlan, slicesBytes } from './slice.ts'
import { type WorkerFunction, workerFunctions } from './worker-function.ts'
import type { SliceOrder, SlicesAnswer, SlicesMessage } from './worker-messages.ts'
import { WorkerProgress } from './worker-progress.ts'

/** What a load is to take, in milliseconds. A hop to a thread and back takes about 0.1. */
const loadMs = 8
/** The least that is worth a message where workers share what is left. */
const loadMsMin = 1
const loadBytesMax = 1 << 20
const sliceRowsMax = 1_024
/** Rows of a slice while nothing is known of a function. */
const sliceRowsFirst = 16
/** Loads that a worker has at a time: the one that it is at, and those that it goes on with while the main thread is busy. */
const openLoadsMax = 3
/** Memory of loads is of this size at least, so that it does for further ones, and is kept up to a size and so many. */
const memoryBytesMin = 1 << 18
const memoryBytesMax = 4 * loadBytesMax
const memoriesMax = 8
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
  /** @param rows - Of the call; outcomes are in their order, and gone once it returns. */
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
  readonly plan: SlicePlan
}

/** What finds the actors of workers: the context of any operator. */
export type Finder = Pick<ActorContext<never>, 'ref'>

/** A worker, as its crew sees it. */
interface Worker {
  /** The id of its actor, and the name of its thread. */
  readonly id: string
  readonly path: string
  readonly progress: WorkerProgress
  openLoads: number
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
  /** Memory that has come back. */
  readonly #memories: Uint8Array[] = []
  #nextSlice = 0

  private constructor(parent: string, functions: readonly WorkerFunction[], count: number) {
    this.functions = functions
    this.workers = Array.from({ length: count }, (_, index) => {
      const id = `worker-${index + 1}`
      return { id, path: `${parent}/${workersId}/${id}`, progress: new WorkerProgress(), openLoads: 0 }
    })
  }

  /**
   * That of a program; undefined where it has no worker, or nothing for one to do.
   *
   * @param parent - Path of the supervisor that theirs is under.
   */
  static of(
    { plan, options: { workers } }: Pick<Services, 'plan'> & { readonly options: Pick<RunOptions, 'workers'> },
    parent: string,
  ): Crew | undefined {
    const functions = workerFunctions(plan)
    return workers === 0 || functions.length === 0 ? undefined : new Crew(parent, functions, workers)
  }

  begin(call: Call, finder: Finder): void {
    if (call.rows.length === 0) return
    this.#calls.push({ call, next: 0 })
    this.#hand(finder)
  }

  /** Gives workers that have room what is to be done. */
  #hand(finder: Finder): void {
    for (;;) {
      const worker = this.workers.reduce((best, each) => (each.openLoads < best.openLoads ? each : best))
      if (worker.openLoads === openLoadsMax) return
      const load = this.#nextLoad()
      if (load.length === 0) return
      void this.#ask(worker, load, finder)
    }
  }

  #nextLoad(): Slice[] {
    const load: Slice[] = []
    let leftMs = Math.min(loadMs, Math.max(loadMsMin, this.#leftMs() / this.workers.length))
    let leftBytes = loadBytesMax
    while (leftMs > 0 && leftBytes > 0) {
      const slice = this.#next(leftMs, leftBytes)
      if (slice === undefined) break
      load.push(slice)
      // What a row takes that nobody has seen yet may be anything.
      leftMs -= (this.#rowMs[slice.call.function] ?? Infinity) * slice.rows.length
      leftBytes -= slice.plan.size
    }
    return load
  }

  /** Milliseconds that the rows will take which no worker has yet. */
  #leftMs(): number {
    return this.#calls.reduce(
      (sum, { call, next }) => sum + (call.rows.length - next) * (this.#rowMs[call.function] ?? 0),
      0,
    )
  }

  #next(leftMs: number, leftBytes: number): Slice | undefined {
    for (;;) {
      const slice = this.#again.pop() ?? this.#cut(leftMs, leftBytes)
      if (slice === undefined || !slice.call.isOver()) return slice
    }
  }

  /** The next slice of the oldest call that has rows left. */
  #cut(leftMs: number, bytesMax: number): Slice | undefined {
    const [oldest] = this.#calls
    if (oldest === undefined) return undefined
    const { call, next } = oldest
    const rowMs = this.#rowMs[call.function]
    const rowsMax =
      rowMs === undefined ? sliceRowsFirst : Math.min(sliceRowsMax, Math.max(1, Math.round(leftMs / rowMs)))
    oldest.next = sliceEnd(call.columns, call.rows, next, { rowsMax, bytesMax })
    if (oldest.next === call.rows.length) this.#calls.shift()
    return sliceOf(call, call.rows.subarray(next, oldest.next))
  }

  async #ask(worker: Worker, load: readonly Slice[], finder: Finder): Promise<void> {
    const orders = this.#pack(load)
    worker.openLoads++
    const answer = await finder
      .ref<SlicesMessage>(worker.path)
      .ask({ type: 'slices', ...orders }, { timeoutMs: askMs })
      .catch((error: unknown) => {
        load.forEach((slice, at) => this.#lost(slice, worker.progress.rowOf(orders.slices[at]!.slice), error))
      })
    worker.openLoads--
    if (answer !== undefined) this.#take(load, answer)
    this.#hand(finder)
  }

  #pack(load: readonly Slice[]): Omit<SlicesMessage, 'type' | 'reply'> {
    const bytes = this.#memoryOf(load.reduce((sum, { plan }) => sum + plan.size, 0))
    let start = 0
    const slices = load.map(({ call, rows, plan }): SliceOrder => {
      const { function: index, columns, place } = call
      packSlice(columns, rows, plan, bytes, start)
      const order = { slice: (this.#nextSlice = (this.#nextSlice + 1) | 0), function: index, start, count: rows.length }
      start += plan.size
      return { ...order, partition: columns.partition, place, origins: originsOf(columns, rows) }
    })
    return { slices, bytes, length: slicesBytes(start) }
  }

  /** Memory is taken again: what is new has to be filled with zeros, and is fetched from the system page by page. */
  #memoryOf(size: number): Uint8Array {
    const at = this.#memories.findIndex(({ length }) => length >= slicesBytes(size))
    const [memory] = at === -1 ? [] : this.#memories.splice(at, 1)
    // What functions make is seldom more than what they are given.
    return memory ?? new Uint8Array(Math.max(2 * slicesBytes(size), memoryBytesMin))
  }

  #take(load: readonly Slice[], { answers, bytes }: SlicesAnswer): void {
    load.forEach(({ call, rows }, at) => {
      const answer = answers[at]!
      this.#note(call.function, answer.tookMs / rows.length)
      if (!call.isOver()) take(call, rows, answer, bytes)
    })
    if (bytes.length <= memoryBytesMax && this.#memories.length < memoriesMax) this.#memories.push(bytes)
  }

  /** A worker has ended before it answered. */
  #lost(slice: Slice, at: number | undefined, error: unknown): void {
    const { call, rows } = slice
    if (call.isOver()) return
    const isStopped = !MillraceError.is(error) || error.code !== 'ACTOR_ASK_FAILED'
    if (isStopped) {
      call.onFailed(error)
      return
    }
    if (at === undefined) {
      this.#again.push(slice)
      return
    }
    call.onKilled(rows[at]!, error.cause ?? error)
    for (const part of [rows.subarray(at + 1), rows.subarray(0, at)]) {
      if (part.length > 0) this.#again.push(sliceOf(call, part))
    }
  }

  #note(index: number, rowMs: number): void {
    const before = this.#rowMs[index] ?? rowMs
    this.#rowMs[index] = before + (rowMs - before) / 8
  }
}

function sliceOf(call: Call, rows: Int32Array): Slice {
  return { call, rows, plan: planSlice(call.columns, rows) }
}

function take(call: Call, rows: Int32Array, answer: SliceAnswer, bytes: Uint8Array): void {
  if (answer.lost !== undefined) call.onLostDigits(answer.lost)
  const failures = new Map(
    answer.failures.map(({ row, error, isPermanent }) => [row, isPermanent ? permanent(error) : error]),
  )
  call.onDone(rows, new Outcomes(bytes, rows.length, answer, failures))
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
