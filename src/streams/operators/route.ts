/**
 * Route: gives each record of a source its side, and finds its merge key and part in the bytes.
 *
 * By a field, both are one scan. By a function, the function is asked first, for all records of the batch. Where all
 * records are of one side, nobody is asked.
 * State: scratch memory of the decoder, and the function's runner, which outlives restarts.
 * Cost per record: one scan; a parse with a function.
 */
import { defineActor } from '../../actors/index.ts'
import { Decoder, type RecordColumns } from '../../kernel/index.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { RouteRows } from '../functions/route-rows.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import { type PlannedSource, stageId } from '../topology/plan.ts'

export const route = (services: Services, session: RestoringSession, source: PlannedSource) => {
  const { plan, options } = services
  const { id, by } = source.route
  const { partitions } = session.sources
  const runner = typeof by === 'function' ? new FunctionRunner(functionHost(services, session), id) : undefined
  const [only] = source.sides
  return defineActor<RowsMessage, Decoder>({
    name: id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: () =>
      new Decoder({
        route: typeof by === 'object' ? by.path : undefined,
        sides: plan.sides.map((side, index) => ({ ...side, isElsewhere: !source.sides.includes(index) })),
        depthMax: options.depthMax,
        keyBytesMax: options.keyBytesMax,
      }),
    handleInPlace: {
      async rows(decoder, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        const { columns } = batch
        if (by === undefined) assignAll(columns, only!)
        else if (runner !== undefined && typeof by === 'function') {
          const place = partitions.placeOf(columns.partition)
          await runner.run(new RouteRows({ plan, source, choose: by, place }, columns), context.signal)
        }
        decoder.decode(columns)
        batch.stagesLeft = source.sides.length
        for (const side of source.sides) {
          await context.ref<RowsMessage>(stageId(plan.sides[side]!.name)).tell({ type: 'rows', batch })
        }
      },
    },
  })
}

/** Gives all records one side. */
function assignAll({ side, reason, count }: RecordColumns, only: number): void {
  side.fill(only, 0, count)
  reason.fill(0, 0, count)
}
