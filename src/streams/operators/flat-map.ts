/**
 * FlatMap: makes several records of each, between a source and its route.
 *
 * A batch becomes one or more, with all that was made of a record one after the other, each in its lane. The batch is
 * held until these are released, so that nothing counts as done before.
 * State: the function's runner, which outlives restarts; batches for what it makes; how far partitions were passed on in
 * this life. An epoch is cut at any row, so the lanes of a partition may be committed unequally far: then it is read
 * again from the record that was cut, and the lanes ahead pass over what they had.
 * Invariant: what was made leaves in the order of offsets and indexes, and nothing twice.
 * Cost per record: one parse and the function; for each that it makes, its value and a copy of the record.
 */
import { type ActorRef, defineActor } from '../../actors/index.ts'
import { FlatMapRows, type IsWanted } from '../functions/flat-map-rows.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { functionValues } from '../functions/function-values.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import { Lease, type RowBatch, RowBatchPool } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { recordTables } from '../tables/record-tables.ts'
import { type PlannedSource, stepAfter } from '../topology/plan.ts'
import type { FlatMapStep } from '../topology/source.ts'

/**
 * Batches of what was made, on their way to the table. Where that may wait for cold parts, which come this way too, as
 * many as are made of the batches of the source.
 */
const madeBatches = 4

/** @param own - The step of the source that it is. */
export const flatMap = (services: Services, session: RestoringSession, source: PlannedSource, own: FlatMapStep) => {
  const { id, apply, partsMax } = own
  const next = stepAfter(source, id)
  const values = functionValues(services, session, id, source.bigIntegers)
  const runner = new FunctionRunner(functionHost(services, session), id)
  const expansion = new Expansion(session)
  const tables = recordTables(session.state.tables, services.lookups)
  return defineActor<RowsMessage, RowBatchPool>({
    name: id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init({ signal }) {
      const pool = new RowBatchPool(madeBatches, session.state.cold !== undefined)
      signal.addEventListener('abort', () => pool.abandon(), { once: true })
      return pool
    },
    handleInPlace: {
      async rows(pool, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        const place = session.sources.partitions.placeOf(batch.columns.partition)
        const rows = new FlatMapRows({ apply, values, place, tables }, partsMax, batch.columns)
        await runner.run(rows, context.signal)
        await expansion.passOn(rows, batch, pool, context.ref<RowsMessage>(next))
      },
    },
  })
}

/** Passes on what was made of batches, and knows how far that is. */
class Expansion {
  readonly #session: RestoringSession
  #incarnation = 0
  /** By the number of the partition: the offset after what was passed on in this life, since it was restored. */
  #reached: number[] = []

  constructor(session: RestoringSession) {
    this.#session = session
  }

  async passOn(
    rows: FlatMapRows,
    batch: RowBatch,
    pool: RowBatchPool,
    next: Pick<ActorRef<RowsMessage>, 'tell'>,
  ): Promise<void> {
    const { state, sources } = this.#session
    if (this.#incarnation !== batch.incarnation) this.#reached = []
    this.#incarnation = batch.incarnation
    const { columns } = batch
    const lanes = sources.partitions.lanesOf(columns.partition)
    const isWanted = this.#wantedOf(batch, lanes)
    const lease = new Lease(() => batch.release())
    try {
      for (let row = 0, isWhole = false; !isWhole;) {
        const taken = pool.take()
        const made = taken instanceof Promise ? await taken : taken
        if (made === undefined) return
        made.columns.reset(lanes[0]!, columns.bytes, columns.view)
        made.columns.origins = columns.origins
        made.columns.areRecalled = columns.areRecalled
        row = rows.fill(made.columns, row, isWanted)
        isWhole = row === columns.count
        made.passOn(batch, isWhole ? batch.nextOffset : columns.offset[row - 1]! + 1, lease, isWhole)
        if (state.restoration.isDone && !columns.areRecalled) this.#reached[lanes[0]!] = made.nextOffset
        await next.tell({ type: 'rows', batch: made })
      }
    } finally {
      lease.release()
    }
  }

  /** A promoted part is of the one lane whose number its batch has. */
  #wantedOf({ columns, isPromoted }: RowBatch, lanes: readonly number[]): IsWanted {
    const { restoration, accounting, cold } = this.#session.state
    const isOfRecord = (index: number) => !isPromoted || lanes[index] === columns.partition
    if (columns.areRecalled) {
      return (index, offset) => isOfRecord(index) && cold?.recall?.has(lanes[index]!, offset) === true
    }
    if (!restoration.isDone) {
      const missing = lanes.map((lane) => restoration.missing(lane, isPromoted))
      return (index, offset) => isOfRecord(index) && missing[index]!(offset)
    }
    const reached = this.#reached[lanes[0]!] ?? 0
    const { nextOffsets } = accounting.current
    return (index, offset) => offset >= Math.max(reached, nextOffsets[lanes[index]!]!)
  }
}
