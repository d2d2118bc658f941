/**
 * Function worker: calls users' functions on a thread of its own, for the rows of slices, which operators on the main
 * thread send.
 *
 * It has the functions of all operators that are on workers, loaded from the modules that export them, and calls them as
 * operators do on the main thread. What fails is told by row: operators count failures and make dead letters.
 * State: columns for one slice; the shapes of values; in shared memory the row that a function is called for.
 * Cost per record: what the function costs on the main thread, and a copy of record and result.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { defineActor } from '../../actors/index.ts'
import type { Clock } from '../../core/clock.ts'
import { MillraceError, TopologyError } from '../../core/errors.ts'
import { RecordColumns, rowFlags } from '../../kernel/index.ts'
import { FunctionValues } from '../functions/function-values.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { alreadySettled, isThenable, refusePromise, type RowFunction } from '../functions/row-function.ts'
import { StageRows } from '../functions/stage-rows.ts'
import type { StepRows } from '../functions/step-rows.ts'
import { plainStepRows } from '../functions/plain-step-rows.ts'
import type { RecordTables } from '../tables/record-tables.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { ExportPlace } from '../topology/on-workers.ts'
import type { PlainStep } from '../topology/source.ts'
import type { Stage } from '../topology/stage.ts'
import { outcome, OutcomeWriter, type FailedRow, type SliceAnswer } from './outcomes.ts'
import { unpackSlice } from './slice.ts'
import type { WorkerFunction } from './worker-function.ts'
import type { SliceOrder, SlicesMessage, WorkerSetup } from './worker-messages.ts'
import { WorkerProgress } from './worker-progress.ts'
import { becomeWorker } from './worker-thread.ts'

/** A worker looks up from its rows so often, in milliseconds, that it can tell that it lives. */
const turnMs = 50

export const functionWorker = ({ functions, progress }: WorkerSetup) =>
  defineActor<SlicesMessage, Worker>({
    name: 'worker',
    async init() {
      becomeWorker()
      const shared = { progress: new WorkerProgress(progress), writer: new OutcomeWriter(), turnedMs: 0 }
      return { callees: await Promise.all(functions.map((each) => loaded(each, shared))), shared }
    },
    handleInPlace: {
      async slices({ callees, shared }, { slices, bytes, length, reply }, { clock }) {
        shared.turnedMs = clock.monotonicMs()
        shared.writer.open(bytes, length)
        const answers: SliceAnswer[] = []
        for (const order of slices) answers.push(await callees[order.function]!.call(bytes, order, clock))
        reply({ answers, bytes: shared.writer.finish() })
      },
    },
  })

interface Worker {
  readonly callees: readonly Callee[]
  readonly shared: Shared
}

/** What the functions of a worker share: it calls one at a time. */
interface Shared {
  readonly progress: WorkerProgress
  readonly writer: OutcomeWriter
  /** When it looked up last. */
  turnedMs: number
}

/** The function of an operator, with what it needs. */
class Callee {
  readonly #function: WorkerFunction
  readonly #shared: Shared
  readonly #apply: unknown
  readonly #schema: unknown
  readonly #columns = new RecordColumns()
  readonly #values: FunctionValues
  readonly #tables: RecordTables
  #lost: SliceAnswer['lost']

  constructor(own: WorkerFunction, shared: Shared, apply: unknown, schema: unknown) {
    this.#function = own
    this.#shared = shared
    this.#apply = apply
    this.#schema = schema
    this.#values = new FunctionValues(own, (lost) => (this.#lost = lost))
    const refuse = () => {
      const message = `the function of "${own.operator}" uses a table, which functions onWorkers do not have`
      throw new TopologyError('TOPOLOGY_INVALID', message, { operator: own.operator })
    }
    this.#tables = { of: refuse, lookup: refuse }
  }

  async call(bytes: Uint8Array, order: SliceOrder, clock: Clock): Promise<SliceAnswer> {
    const { slice, count, origins, place } = order
    const columns = this.#columns
    unpackSlice(bytes, order, columns)
    columns.origins = origins
    const rows = this.#rowsOf(place)
    const failures: FailedRow[] = []
    const startMs = clock.monotonicMs()
    const { progress } = this.#shared
    for (let row = 0; row < count; row++) {
      progress.enter(slice, row)
      this.#ask(rows, row, failures)
      progress.leave()
      const nowMs = clock.monotonicMs()
      if (nowMs - this.#shared.turnedMs < turnMs) continue
      await turn()
      this.#shared.turnedMs = clock.monotonicMs()
    }
    const answer = this.#answer(rows, failures)
    return { ...answer, tookMs: clock.monotonicMs() - startMs }
  }

  #ask(rows: RowFunction, row: number, failures: FailedRow[]): void {
    try {
      const made = rows.ask(row)
      if (isThenable(made)) refusePromise(this.#function.operator, made)
      if (made !== alreadySettled) rows.accept(row, made)
    } catch (error) {
      failures.push({ row, error, isPermanent: PermanentFailure.is(error) })
    }
  }

  #answer(rows: RowFunction & Partial<StepRows>, failures: readonly FailedRow[]): Omit<SliceAnswer, 'tookMs'> {
    const { count, reason, flags, partStart, partEnd, extra, causes } = this.#columns
    const start = this.#shared.writer.begin(count)
    const failed = new Set(failures.map(({ row }) => row))
    let end = 0
    for (let row = 0; row < count; row++) {
      const made = rows.madeOf?.(row)
      if (made) end = extra.append(made) + made.length
      else if (partStart[row]! >= 0) end = partEnd[row]!
      let kind: number = outcome.none
      if (failed.has(row)) kind = outcome.failed
      else if (reason[row] !== 0) kind = outcome.refused
      else if ((flags[row]! & rowFlags.filtered) !== 0) kind = outcome.filtered
      else if (made === null) kind = outcome.madeNull
      else if (made !== undefined || partStart[row]! >= 0) kind = outcome.made
      this.#shared.writer.add(kind, reason[row]!, end)
    }
    this.#shared.writer.end(extra.bytes.subarray(0, end))
    const lost = this.#lost
    this.#lost = undefined
    return { start, causes: [...causes], failures, lost }
  }

  #rowsOf(place: PartitionPlace): RowFunction {
    const { kind, operator, side } = this.#function
    const [columns, values, tables] = [this.#columns, this.#values, this.#tables]
    if (kind !== 'stage') {
      const step = { kind, id: operator, apply: this.#apply } as PlainStep
      return plainStepRows(step, { values, place, tables }, columns)
    }
    const stage = { part: this.#apply, schema: this.#schema } as Pick<Stage, 'part' | 'schema'>
    const facts = { side: { name: side, stage }, sideIndex: 0, partitions: { placeOf: () => place }, values, tables }
    return new StageRows(facts, { columns, isPromoted: false })
  }
}

async function loaded(own: WorkerFunction, shared: Shared): Promise<Callee> {
  const { operator, apply, schema } = own
  return new Callee(own, shared, apply && (await load(operator, apply)), schema && (await load(operator, schema)))
}

/** @throws TopologyError `TOPOLOGY_INVALID` where the module has no such export. */
async function load(operator: string, { module, exportName, text }: ExportPlace): Promise<unknown> {
  const refused = (why: string, cause?: unknown) =>
    new TopologyError('TOPOLOGY_INVALID', `"${operator}" on a worker: ${why}`, { operator, module, exportName }, cause)
  const exported = await import(module).then(
    (found: Record<string, unknown>) => found[exportName],
    (error: unknown) => {
      if (MillraceError.is(error)) throw error
      throw refused(`${module} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, error)
    },
  )
  if (text === undefined ? typeof exported !== 'object' && typeof exported !== 'function' : String(exported) !== text) {
    throw refused(`${module} does not export, as "${exportName}", what the topology was given`)
  }
  return exported
}
