/**
 * Route: gives each record its side, and finds its merge key and part in the bytes.
 *
 * By a field, both are one scan. By a function, the function is asked first; a record on which it fails is tried again
 * after a restart of the route, and given up after `stageAttempts`.
 * State: scratch memory of the decoder only.
 * Cost per record: one scan; a parse with a function.
 */
import { defineActor } from '../../actors/index.ts'
import { TopologyError } from '../../core/errors.ts'
import { Decoder, noSide, Reason } from '../../kernel/index.ts'
import type { RowsMessage } from '../messages.ts'
import type { Pipeline } from '../pipeline.ts'
import { PoisonError, PoisonLedger } from '../poison.ts'
import { originOf, parseValue } from '../record-view.ts'
import type { RowBatch } from '../row-batch.ts'
import type { RouteFunction } from '../topology.ts'
import { stageId } from './stage.ts'

export const route = (pipeline: Pipeline) => {
  const { plan, options } = pipeline
  const { by } = plan.route
  const ledger = new PoisonLedger({
    operator: plan.route.id,
    attemptsMax: options.stageAttempts,
    consecutiveMax: options.maxConsecutivePoison,
  })
  return defineActor<RowsMessage, Decoder>({
    name: plan.route.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    countsAgainstIntensity: (error) => !(error instanceof PoisonError),
    init: () =>
      new Decoder({
        route: typeof by === 'function' ? undefined : by.path,
        mergeKey: plan.correlate.key.path,
        sides: plan.sides,
        depthMax: options.depthMax,
        keyBytesMax: options.keyBytesMax,
      }),
    handle: {
      async rows(decoder, { batch }, context) {
        if (batch.incarnation !== pipeline.incarnation) return
        if (typeof by === 'function') chooseSides(pipeline, by, ledger, batch)
        decoder.decode(batch.columns)
        batch.stagesLeft = plan.sides.length
        for (const side of plan.sides) await context.ref<RowsMessage>(stageId(side.name)).tell({ type: 'rows', batch })
      },
    },
  })
}

function chooseSides(pipeline: Pipeline, choose: RouteFunction<string>, ledger: PoisonLedger, batch: RowBatch): void {
  const { plan, topics } = pipeline
  const { columns } = batch
  const sides = new Map(plan.sides.map(({ name }, side) => [name, side]))
  for (; batch.routedRows < columns.count; batch.routedRows++) {
    const row = batch.routedRows
    const offset = columns.offset[row]!
    columns.side[row] = noSide
    columns.reason[row] = 0
    if (columns.valueStart[row]! < 0) continue
    let value: unknown
    try {
      value = parseValue(columns, row)
    } catch {
      // The decoder finds the same and knows the reason.
      continue
    }
    const cause = ledger.isEmpty ? undefined : ledger.givenUp(columns.partition, offset)
    if (cause !== undefined) {
      columns.reason[row] = Reason.ROUTE_FAILED
      columns.causes.set(row, cause)
      continue
    }
    let name: unknown
    try {
      name = choose(value, originOf(columns, row, topics.source.name))
    } catch (error) {
      ledger.fail(columns.partition, offset, error)
      throw new PoisonError(plan.route.id, topics.source.name, columns.partition, offset, error)
    }
    if (name instanceof Promise) {
      // Nobody waits for it.
      name.catch(() => {})
      const operator = plan.route.id
      throw new TopologyError('TOPOLOGY_INVALID', `the function of "${operator}" returns a promise`, { operator })
    }
    columns.side[row] = sides.get(name as string) ?? noSide
    ledger.succeed(columns.partition, offset)
  }
}
