/**
 * Stage: makes the parts of one side where a function or a schema has to see the record; else it passes the batch on.
 *
 * All stages get every batch and each looks at its own rows; the last one to finish passes the batch to the
 * correlation. As each stage takes batches in order, so does the correlation.
 * State: the function's runner, which outlives restarts. A batch on whose records the function fails stays here until
 * it is settled.
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

export const stageOf = (services: Services, session: RestoringSession, sideIndex: number) => {
  const { plan } = services
  const side = plan.sides[sideIndex]!
  const id = stageId(side.name)
  const { partitions } = session.sources
  const values = functionValues(services, session, id, side.stage.bigIntegers)
  const tables = recordTables(session.state.tables, services.lookups)
  const facts = { side, sideIndex, partitions, values, tables }
  const runner = side.isActive ? new FunctionRunner(functionHost(services, session), id) : undefined
  return defineActor<RowsMessage, void>({
    name: id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init() {},
    handleInPlace: {
      rows(_, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        if (runner === undefined) return passOn(plan, batch, context)
        return runner.run(new StageRows(facts, batch), context.signal).then(() => passOn(plan, batch, context))
      },
    },
  })
}

async function passOn(plan: Plan, batch: RowBatch, context: ActorContext<RowsMessage>): Promise<void> {
  if (--batch.stagesLeft === 0) await context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'rows', batch })
}
