import { type CorrelateOptions, type Correlation, correlationOf, type Keys, type Merged } from './correlation.ts'
import type { Field } from './field.ts'
import { type MergedOptions, type MergedStep, mergedStepOf, type MergeKey } from './merged-step.ts'
import type { RouteFunction, Source, Stages } from './source.ts'
import { type Json, stage, type Stage } from './stage.ts'
import { type TopicOptions, topicOf } from './topic.ts'
import { checkFieldOrFunction, checkStages, checkText } from './topology-checks.ts'

/**
 * A topology as data: inert, checked by `plan` before anything starts. `Output` is the type of what it publishes,
 * `Expired` that of rows that have expired.
 */
export interface Topology<Output = unknown, Expired = unknown> {
  readonly kind: 'topology'
  readonly name: string
  /** In declared order. */
  readonly sources: readonly Source[]
  readonly correlate: Correlation
  /** Filters and maps between correlation and sink, in their order. */
  readonly steps: readonly MergedStep[]
  readonly sink: { readonly id: string; readonly topic: string }
  /** Never there; they carry the types of what the sink and `expireTo` get. */
  readonly output?: Output
  readonly expired?: Expired
}

/** A topology whose last source needs to say which sides its records are of. `Before` are the stages of the others. */
export interface Sourced<Before extends Stages = NoStages> {
  /** Sends each record to the stage that a field, or a function, names. Records for no stage become dead letters. */
  route<const AllStages extends Stages>(
    id: string,
    by: Field | RouteFunction<keyof AllStages & string>,
    stages: AllStages,
  ): Routed<Before & AllStages>
  /** Sends every record to one stage: all are of this side. Without a stage the whole value is kept. */
  side<const Name extends string, Part = Json>(
    name: Name,
    stage?: Stage<Part>,
  ): Routed<Before & { readonly [Each in Name]: Stage<Part> }>
}

type NoStages = Readonly<Record<never, Stage>>

/** A topology that has stages, and needs a correlation. */
export interface Routed<AllStages extends Stages> {
  /** Reads one more topic. */
  source(id: string, options?: TopicOptions): Sourced<AllStages>
  /**
   * Gathers the parts whose records have the same value in `key`, and gives one record when the last side is there. The
   * sides may have their keys in different places: then `key` names one for each.
   */
  correlate<const Side extends keyof AllStages & string, const Optional extends Side = never>(
    id: string,
    key: Keys<NoInfer<Side>>,
    options: CorrelateOptions<Side, Optional>,
  ): Correlated<Merged<AllStages, Side, Optional>, Partial<Merged<AllStages, Side, Optional>>>
}

/**
 * A topology that has a correlation, and needs a sink. Functions see each merged record as a value, parsed once, and
 * are given its merge key besides. They are synchronous, leave what they are given as it is, and do the same each time:
 * after a rollback they are called again. One that throws makes dead letters of all parts of the record
 * (`MERGE_FAILED`), one that returns a promise ends the program.
 */
export interface Correlated<Output, Expired = Partial<Output>> {
  /** Publishes the records for which a function is true. The parts of the others are filtered. */
  filter<Kept extends Output>(
    id: string,
    keeps: (merged: Output, key: MergeKey) => merged is Kept,
    options?: MergedOptions,
  ): Correlated<Kept, Expired>
  filter(
    id: string,
    keeps: (merged: Output, key: MergeKey) => boolean,
    options?: MergedOptions,
  ): Correlated<Output, Expired>
  /** Publishes what a function makes of the records: any JSON; `null` is a record without a value, a tombstone. */
  map<Made>(
    id: string,
    make: (merged: Output, key: MergeKey) => Made,
    options?: MergedOptions,
  ): Correlated<Made, Expired>
  /** Publishes the merged records. */
  sink(id: string, options?: TopicOptions): Topology<Output, Expired>
}

/**
 * Begins the description of a program. The name is the application's: its consumer group, and the prefix of its own
 * topics. Ids name operators in metrics, errors and the supervision tree; keep them when the program changes.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` at the call that is given something else than its parameters are for.
 *
 * @example
 * const customer360 = topology('customer-360')
 *   .source('source-topic')
 *   .route('by-stage', field('stage'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
 *   .correlate('by-customer', field('customerId'), { of: ['A', 'B'] })
 *   .sink('sink-topic')
 *
 * @example
 * const ordersComplete = topology('orders-complete')
 *   .source('orders').side('order')
 *   .source('payments').side('payment')
 *   .correlate('by-order', { order: field('order.id'), payment: field('orderRef') }, { of: ['order', 'payment'] })
 *   .sink('orders-complete')
 */
export function topology(name: string): { source(id: string, options?: TopicOptions): Sourced } {
  checkText('the name of a topology', name)
  return { source: (id, options) => sourced(name, [], id, options) }
}

function sourced<Before extends Stages>(
  name: string,
  before: readonly Source[],
  sourceId: string,
  options: TopicOptions = {},
): Sourced<Before> {
  const source = topicOf('source', sourceId, options)
  const routed = (route: Source['route']) => routedBy(name, [...before, { ...source, route }])
  return {
    route(id, by, stages) {
      checkText('the id of a route', id)
      checkFieldOrFunction(`what "${id}" chooses stages by`, by)
      checkStages(`"${id}"`, stages)
      return routed({ id, by: by as Field | RouteFunction<string>, stages })
    },
    side(side, given = stage() as never) {
      checkText(`the side of "${sourceId}"`, side)
      const stages = { [side]: given }
      checkStages(`"${sourceId}"`, stages)
      return routed({ id: `${sourceId}-side`, by: undefined, stages })
    },
  }
}

function routedBy<AllStages extends Stages>(name: string, sources: readonly Source[]): Routed<AllStages> {
  return {
    source: (id, options) => sourced(name, sources, id, options),
    correlate(correlateId, key, options) {
      return correlatedBy({ name, sources, correlate: correlationOf(correlateId, key, options) }, [])
    },
  }
}

type Correlating = Pick<Topology, 'name' | 'sources' | 'correlate'>

function correlatedBy<Output, Expired>(before: Correlating, steps: readonly MergedStep[]): Correlated<Output, Expired> {
  return {
    filter: (id: string, keeps: unknown, options?: MergedOptions) =>
      correlatedBy<never, Expired>(before, [...steps, mergedStepOf('filter', id, keeps, options)]),
    map: (id, make, options) => correlatedBy(before, [...steps, mergedStepOf('map', id, make, options)]),
    sink: (id, options = {}) => ({ kind: 'topology', ...before, steps, sink: topicOf('sink', id, options) }),
  }
}
