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
import type { RecordColumns } from '../../kernel/index.ts'
import { DecodeRows } from '../functions/decode-rows.ts'
import { FilterRows } from '../functions/filter-rows.ts'
import { functionHost } from '../functions/function-host.ts'
import { FunctionRunner } from '../functions/function-runner.ts'
import { functionValues } from '../functions/function-values.ts'
import { MapRows } from '../functions/map-rows.ts'
import type { StepFacts, StepRows } from '../functions/step-rows.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import { recordTables } from '../tables/record-tables.ts'
import { type PlannedSource, stepAfter } from '../topology/plan.ts'
import type { FlatMapStep, SourceStep } from '../topology/source.ts'

/** One that makes one record of each at most. */
type PlainStep = Exclude<SourceStep, FlatMapStep>

/** @param own - The step of the source that it is. */
export const step = (services: Services, session: RestoringSession, source: PlannedSource, own: PlainStep) => {
  const next = stepAfter(source, own.id)
  const { partitions } = session.sources
  const values = functionValues(services, session, own.id, source.bigIntegers)
  const runner = new FunctionRunner(functionHost(services, session), own.id)
  const tables = recordTables(session.state.tables, services.lookups)
  return defineActor<RowsMessage, void>({
    name: own.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init() {},
    handleInPlace: {
      async rows(_, { batch }, context) {
        if (batch.incarnation !== session.lives.incarnation) return
        const place = partitions.placeOf(batch.columns.partition)
        const rows = stepRows(own, { values, place, tables }, batch.columns)
        await runner.run(rows, context.signal)
        rows.finish()
        await context.ref<RowsMessage>(next).tell({ type: 'rows', batch })
      },
    },
  })
}

/** The rows of a batch as a step meets them. */
export function stepRows(step: PlainStep, facts: Omit<StepFacts<never>, 'apply'>, columns: RecordColumns): StepRows {
  switch (step.kind) {
    case 'decode':
      return new DecodeRows({ ...facts, apply: step.apply }, columns)
    case 'filter':
      return new FilterRows({ ...facts, apply: step.apply }, columns)
    case 'map':
      return new MapRows({ ...facts, apply: step.apply }, columns)
  }
}
