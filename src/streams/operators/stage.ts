/**
 * Stage: makes the parts of one side where a function or a schema has to see the record; else it passes the batch on.
 *
 * All stages get every batch and each looks at its own rows; the last one to finish passes the batch to the
 * correlation. As each stage takes batches in order, so does the correlation.
 * State: the function's runner, which outlives restarts. A batch on whose records the function fails stays here until
 * it is settled.
 * A function on workers is asked there, for batches that are on their way here too (`workers/placement`).
 * Cost per record: one parse, the function, and writing its result as JSON; nothing without a function and schema.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { functionValues } from '../functions/function-values.ts'
import { StageRows } from '../functions/stage-rows.ts'
import type { CorrelateMessage, RowsMessage } from '../runtime/messages.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { recordTables } from '../tables/record-tables.ts'
import { type Plan, stageId } from '../topology/plan.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Placement } from '../workers/placement.ts'

export const stageOf = (services: Services, session: RestoringSession, placement: Placement, sideIndex: number) => {
  const { plan } = services
  const side = plan.sides[sideIndex]!
  const id = stageId(side.name)
  const { partitions } = session.sources
  const values = functionValues(services, session, id, side.stage.bigIntegers)
  const tables = recordTables(session.state.tables, services.lookups)
  const facts = { side, sideIndex, partitions, values, tables }
  const rowsOf = (batch: RowBatch) => new StageRows(facts, batch)
  const placed = placement.place(id, rowsOf)
  const runner = side.isActive ? new FunctionRunner(functionHost(services, session), id) : undefined
  return defineActor<RowsMessage, void>({
    name: id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init() {},
    handleInPlace: {
      rows(_, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        if (runner === undefined) return passOn(plan, batch, context)
        const rows = placed?.take(batch, context) ?? rowsOf(batch)
        return runner.run(rows, context.signal).then(() => passOn(plan, batch, context))
      },
    },
  })
}

async function passOn(plan: Plan, batch: RowBatch, context: ActorContext<RowsMessage>): Promise<void> {
  if (--batch.stagesLeft === 0) await context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'rows', batch })
}
