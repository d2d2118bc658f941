/**
 * Step: a filter, a map or a decoder, between a source and its route.
 *
 * It sees all rows of a batch that no step before has filtered or made a dead letter, tombstones too, and passes the
 * batch on with what it has made of them once all are settled.
 * State: the function's runner, which outlives restarts. A batch on whose records the function fails stays here until it
 * is settled.
 * Cost per record: one parse and the function; a map and a decoder write the value and copy the record.
 */
import { defineActor } from '../../actors/index.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { functionValues } from '../functions/function-values.ts'
import { plainStepRows } from '../functions/plain-step-rows.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { recordTables } from '../tables/record-tables.ts'
import { type PlannedSource, stepAfter } from '../topology/plan.ts'
import type { PlainStep } from '../topology/source.ts'
import type { Placement } from '../workers/placement.ts'

/** @param own - The step of the source that it is. */
export const step = (
  services: Services,
  session: RestoringSession,
  placement: Placement,
  source: PlannedSource,
  own: PlainStep,
) => {
  const next = stepAfter(source, own.id)
  const { partitions } = session.sources
  const values = functionValues(services, session, own.id, source.bigIntegers)
  const tables = recordTables(session.state.tables, services.lookups)
  const rowsOf = ({ columns }: RowBatch) => {
    const place = partitions.placeOf(columns.partition)
    return plainStepRows(own, { values, place, tables }, columns)
  }
  const placed = placement.place(own.id, rowsOf)
  const runner = new FunctionRunner(functionHost(services, session), own.id)
  return defineActor<RowsMessage, void>({
    name: own.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init() {},
    handleInPlace: {
      async rows(_, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        const elsewhere = placed?.take(batch, context)
        const rows = elsewhere?.rows ?? rowsOf(batch)
        await runner.run(elsewhere ?? rows, context.signal)
        rows.finish()
        placement.announce(next, batch, context)
        await context.ref<RowsMessage>(next).tell({ type: 'rows', batch })
      },
    },
  })
}
