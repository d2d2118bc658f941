/**
 * Route: gives each record its side, and finds its merge key and part in the bytes.
 *
 * By a field, both are one scan. By a function, the function is asked first, for all records of the batch.
 * State: scratch memory of the decoder, and the function's runner, which outlives restarts.
 * Cost per record: one scan; a parse with a function.
 */
import { defineActor } from '../../actors/index.ts'
import { Decoder } from '../../kernel/index.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { RouteRows } from '../functions/route-rows.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import { stageId } from '../topology/plan.ts'

export const route = (services: Services, session: RestoringSession) => {
  const { plan, options } = services
  const { id, by } = plan.route
  const runner = typeof by === 'function' ? new FunctionRunner(functionHost(services, session), id) : undefined
  return defineActor<RowsMessage, Decoder>({
    name: id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: () =>
      new Decoder({
        route: typeof by === 'function' ? undefined : by.path,
        mergeKey: plan.correlate.key.path,
        sides: plan.sides,
        depthMax: options.depthMax,
        keyBytesMax: options.keyBytesMax,
      }),
    handleInPlace: {
      async rows(decoder, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        const { columns } = batch
        if (runner !== undefined && typeof by === 'function') {
          await runner.run(new RouteRows(plan, by, plan.source.topic, columns), context.signal)
        }
        decoder.decode(columns)
        batch.stagesLeft = plan.sides.length
        for (const side of plan.sides) await context.ref<RowsMessage>(stageId(side.name)).tell({ type: 'rows', batch })
      },
    },
  })
}
