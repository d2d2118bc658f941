/**
 * Route: gives each record of a source its side, and finds its merge key and part in the bytes.
 *
 * By a field, both are one scan. By a header or the record's key, or by a function, which is asked for all records of
 * the batch, the side is found first. Where all records are of one side, nobody is asked. Keys that functions make come
 * last, then the time, where a field has it, and the traces that parts carry. Parts that were kept as functions have
 * made them have all of this, and pass by the stages.
 * State: scratch memory of the decoder, and the functions' runners, which outlive restarts.
 * Cost per record: one scan; a parse for each function.
 */
import { defineActor } from '../../actors/index.ts'
import {
  Decoder,
  noSide,
  passOverProgress,
  Reason,
  type RecordColumns,
  RoutedParts,
  RowKeys,
  RowTimestamps,
} from '../../kernel/index.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { functionValues } from '../functions/function-values.ts'
import { KeyRows } from '../functions/key-rows.ts'
import { placedSides } from '../functions/placed-sides.ts'
import { RouteRows } from '../functions/route-rows.ts'
import { openFinishedParts } from '../retention/finished-part.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import { recordTables } from '../tables/record-tables.ts'
import { keepsFinishedParts, type PlannedSource, stageId } from '../topology/plan.ts'
import { pathText } from '../topology/field.ts'
import { areOpaque, areParts, isKeyMade, keysId } from '../topology/plan-sources.ts'
import { CarriedContexts, carriesTraces, soughtByDecoder } from '../tracing/carried-contexts.ts'
import type { Placement } from '../workers/placement.ts'

export const route = (services: Services, session: RestoringSession, placement: Placement, source: PlannedSource) => {
  const { plan, options } = services
  const { id, by } = source.route
  const chooseSides = sideChooser(services, session, source)
  const makeKeys = keyMaker(services, session, source)
  const time = source.timestamp?.path
  const times = time && new RowTimestamps(time, pathText(time), options.depthMax)
  const contexts = carriesTraces(services) ? new CarriedContexts(services) : undefined
  const parts = areParts(source)
    ? new RoutedParts(source.sides.map((side) => [side, plan.sides[side]!.name]))
    : undefined
  return defineActor<RowsMessage, Decoder>({
    name: id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: () =>
      new Decoder({
        route: typeof by === 'object' && by.kind === 'field' ? by.path : undefined,
        sides: plan.sides.map((side, index) => ({ ...side, isElsewhere: !source.sides.includes(index) })),
        depthMax: options.depthMax,
        keyBytesMax: options.keyBytesMax,
        hasFindings: source.isPrepared,
        areOpaque: areOpaque(source),
        leastRandom: soughtByDecoder(services),
      }),
    handleInPlace: {
      async rows(decoder, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        const { columns } = batch
        if (batch.isPromoted && keepsFinishedParts(plan)) {
          openFinishedParts(columns)
          contexts?.take(columns)
          return context.ref<RowsMessage>(plan.correlate.id).tell({ type: 'rows', batch })
        }
        if (parts?.open(columns) !== true) {
          const choosing = chooseSides?.(columns, context.signal)
          if (choosing !== undefined) await choosing
          decoder.decode(columns)
          if (makeKeys !== undefined) await makeKeys(columns, context.signal)
          if (times !== undefined) takeTimestamps(columns, times)
          if (parts !== undefined) passOverProgress(columns)
        }
        contexts?.take(columns)
        batch.stagesLeft = source.sides.length
        const stages = source.sides.map((side) => stageId(plan.sides[side]!.name))
        for (const stage of stages) placement.announce(stage, batch, context)
        for (const stage of stages) {
          await context.ref<RowsMessage>(stage).tell({ type: 'rows', batch })
        }
      },
    },
  })
}

/** Gives the rows that have a side the time that their field has. */
function takeTimestamps(columns: RecordColumns, times: RowTimestamps): void {
  for (let row = 0; row < columns.count; row++) {
    if (columns.side[row] === noSide) continue
    const time = times.read(columns, row)
    if (typeof time === 'number') columns.timestamp[row] = time
    else columns.refuse(row, Reason.TIMESTAMP_INVALID, time)
  }
}

type RowsWork = (columns: RecordColumns, signal: AbortSignal) => Promise<void> | undefined

/** What gives rows their side before they are decoded; absent where a field does it. */
function sideChooser(services: Services, session: RestoringSession, source: PlannedSource): RowsWork | undefined {
  const { plan } = services
  const { partitions } = session.sources
  const { isPrepared, route, sides } = source
  const { id, by } = route
  const begin = (columns: RecordColumns) => {
    if (!isPrepared) columns.reason.fill(0, 0, columns.count)
  }
  if (by === undefined) {
    return (columns) => {
      begin(columns)
      columns.side.fill(sides[0]!, 0, columns.count)
      return undefined
    }
  }
  if (typeof by === 'function') {
    const runner = new FunctionRunner(functionHost(services, session), id)
    const values = functionValues(services, session, id, source.bigIntegers)
    const tables = recordTables(session.state.tables, services.lookups)
    return (columns, signal) => {
      const place = partitions.placeOf(columns.partition)
      return runner.run(new RouteRows({ plan, source, choose: by, values, place, tables }, columns), signal)
    }
  }
  if (by.kind === 'field') return undefined
  const place = placedSides(plan, source, by)
  return (columns) => {
    begin(columns)
    place(columns)
    return undefined
  }
}

/** What makes the keys of rows that have a side; absent where no function does. */
function keyMaker(services: Services, session: RestoringSession, source: PlannedSource): RowsWork | undefined {
  const { sides } = services.plan
  const { partitions } = session.sources
  if (!source.sides.some((side) => isKeyMade(sides[side]!))) return undefined
  const operator = keysId(source)
  const runner = new FunctionRunner(functionHost(services, session), operator)
  const values = functionValues(services, session, operator, source.bigIntegers)
  const keys = new RowKeys(services.options.keyBytesMax)
  const tables = recordTables(session.state.tables, services.lookups)
  return (columns, signal) => {
    const place = partitions.placeOf(columns.partition)
    return runner.run(new KeyRows({ operator, sides, values, keys, place, tables }, columns), signal)
  }
}
