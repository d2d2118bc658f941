import { type Aggregation, valueName } from './aggregation.ts'
import { type Grouped, groupedBy } from './grouped.ts'
import { type CorrelateOptions, correlationOf, type Expired, type Keys, type Merged } from './correlation.ts'
import type { Field } from './field.ts'
import { branchOf, type BranchSinks } from './branch.ts'
import { type MergedOptions, type MergedStep, mergedStepOf, type MergeKey } from './merged-step.ts'
import type { HeaderKey, Key, RecordKey } from './key.ts'
import type { RecordView } from './record-view.ts'
import {
  type FilterFunction,
  type FlatMapFunction,
  flatMapOf,
  type FlatMapOptions,
  type MapFunction,
  type RouteBy,
  type RouteFunction,
  type Source,
  type SourceOptions,
  type SourceStep,
  sourceTopicOf,
  type Stages,
} from './source.ts'
import { type SinkOptions, sinkOf } from './sink.ts'
import { layoutOf, type PlannedLayout, type TopologyOptions } from './layout.ts'
import { routedTopology } from './routed.ts'
import { internalTopicOf, subtopologyName } from './subtopologies.ts'
import { type Json, stage, type Stage } from './stage.ts'
import { checkTables, type DeclaredTable } from './table.ts'
import type { Topology } from './declared-topology.ts'
import { checkFunction, checkOptions, checkRouteBy, checkStages, checkText, refuse } from './topology-checks.ts'

export type { Topology }

/**
 * A topology whose last source needs to say which sides its records are of. `Before` are the stages of the others,
 * `Value` is what its functions are given, `ExpiredBefore` are the rows that expire in the correlations before.
 */
export interface Sourced<Before extends Stages = NoStages, Value = unknown, ExpiredBefore = never> {
  /**
   * Lets go on only the records for which a function answers true; the others are counted as filtered. The pending
   * parts of a program do not fit one with other filters: a filter that is to keep other records needs another id.
   */
  filter<Kept extends Value>(
    id: string,
    keep: (value: Value, record: RecordView) => value is Kept,
  ): Sourced<Before, Kept, ExpiredBefore>
  filter(id: string, keep: FilterFunction<Value>): Sourced<Before, Value, ExpiredBefore>
  /**
   * Gives each record the value that a function makes of it, which the route, the keys and the stages find in place of
   * its own. A map that is to make other values needs another id.
   */
  map<Made>(id: string, make: MapFunction<Value, Made>): Sourced<Before, Exclude<Made, undefined>, ExpiredBefore>
  /**
   * Makes several records of each, which go on as if each had come by itself. A source has one flatMap at most; one that
   * is to make other values needs another id.
   */
  flatMap<Made>(
    id: string,
    make: FlatMapFunction<Value, Made>,
    options?: FlatMapOptions,
  ): Sourced<Before, Exclude<Made, undefined>, ExpiredBefore>
  /**
   * Sends each record to the stage that a field, a header, the record's key or a function names. Records for no stage
   * become dead letters.
   */
  route<const AllStages extends Stages>(
    id: string,
    by: Field | HeaderKey | RecordKey | RouteFunction<keyof AllStages & string, Value>,
    stages: AllStages,
  ): Routed<Before & AllStages, ExpiredBefore>
  /**
   * Gathers records by their key, for what they come to in windows of time: counts, sums, lists. The topology has no
   * other source then, and no sides.
   *
   * @param key - Where the key of a record stands, or a function that makes it, as for a correlation.
   */
  groupBy(this: Sourced<NoStages, Value, ExpiredBefore>, id: string, key: Key, options?: GroupOptions): Grouped<Value>
  /** Sends every record to one stage: all are of this side. Without a stage the whole value is kept. */
  side<const Name extends string, Part = Json>(
    name: Name,
    stage?: Stage<Part>,
  ): Routed<Before & { readonly [Each in Name]: Stage<Part> }, ExpiredBefore>
}

type NoStages = Readonly<Record<never, Stage>>

/** How the key of records is named in results. */
export interface GroupOptions {
  /** @defaultValue the last name of the field that has the key */
  readonly keyName?: string
}

/** A topology that has stages, and needs a correlation. */
export interface Routed<AllStages extends Stages, ExpiredBefore = never> {
  /** Reads one more topic. */
  source<Value = unknown>(id: string, options?: SourceOptions<Value>): Sourced<AllStages, Value, ExpiredBefore>
  /**
   * Gathers the parts whose records have the same value in `key`, and gives one record when the last side is there. The
   * sides may have their keys in different places: then `key` names one for each.
   */
  correlate<
    const Side extends keyof AllStages & string,
    const Optional extends Side = never,
    const List extends Side = never,
    const AtLeast extends number | undefined = undefined,
  >(
    id: string,
    key: Keys<NoInfer<Side>>,
    options: CorrelateOptions<Side, Optional, List, AtLeast>,
  ): Correlated<
    Merged<AllStages, Side, AtLeast extends number ? Side : Optional, List>,
    ExpiredBefore | Expired<AllStages, Side, Optional, List, AtLeast>
  >
}

/** A topology that goes on into a further correlation. */
export interface Continued<AllStages extends Stages, ExpiredBefore> extends Routed<AllStages, ExpiredBefore> {
  /**
   * Keeps tables, which the functions before the next merge get at by `record.table`. A table that functions change is
   * one of one subtopology, because it changes with the epochs of that one; those that topics fill may be of several.
   */
  tables(...tables: readonly DeclaredTable[]): Routed<AllStages, ExpiredBefore>
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
  /**
   * Publishes each of the values that a function makes of the records, in their order, all of them or none; of an empty
   * list the parts are filtered.
   */
  flatMap<Made>(
    id: string,
    make: (merged: Output, key: MergeKey) => readonly Made[],
    options?: MergedOptions,
  ): Correlated<Made, Expired>
  /**
   * Makes each record a part of a side of a further correlation, which may have further sources. The records go through
   * an internal topic, `<name>.<side>`, and what reads it is a subtopology with a group, a checkpoint and dead letters of
   * its own, under the name of the topology and the id of its correlation. Without a stage the whole value is kept.
   */
  into<const Name extends string, Part = Output>(
    side: Name,
    stage?: Stage<Part>,
  ): Continued<{ readonly [Each in Name]: Stage<Part> }, Expired>
  /** Publishes the records. */
  sink(id: string, options?: SinkOptions<Output>): Topology<Output, Expired>
  /**
   * Publishes each record in the sink that a function names, all of them in the transaction of its epoch; one for which
   * it names none (`undefined`) is filtered. A name that no sink has makes dead letters, with `MERGE_FAILED`.
   */
  branch<const Name extends string>(
    id: string,
    choose: (merged: Output, key: MergeKey) => NoInfer<Name> | undefined,
    sinks: BranchSinks<Output, Name>,
  ): Topology<Output, Expired>
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
export function topology(name: string, options: TopologyOptions = {}): Named {
  checkText('the name of a topology', name)
  return namedBy({ name, ...layoutOf(name, options), tables: [], before: [], sources: [] })
}

/** A topology that has a name, and needs a source. */
export interface Named {
  /**
   * Keeps tables, which the functions of sources, routes, keys and stages before the first merge get at by
   * `record.table`. All that is pending is kept as these functions have made it, and no function sees a record twice
   * whose epoch has committed. Where functions change tables, one batch of records is on its way at a time.
   */
  tables(...tables: readonly DeclaredTable[]): Named
  source<Value = unknown>(id: string, options?: SourceOptions<Value>): Sourced<NoStages, Value>
}

function namedBy(begun: Begun): Named {
  return {
    tables(...tables) {
      const all = [...begun.tables, ...tables]
      checkTables(begun.name, all)
      return namedBy({ ...begun, tables: all })
    },
    source: (id, options = {}) => sourced(begun, sourceTopicOf(id, options)),
  }
}

/** What has been said of a topology: the subtopologies that are whole, and the sources of the one after them. */
interface Begun extends PlannedLayout {
  readonly name: string
  /** Of the subtopology after those that are whole. */
  readonly tables: readonly DeclaredTable[]
  readonly before: readonly Whole[]
  readonly sources: readonly Source[]
}

type Whole = Omit<Topology, 'next'>

function sourced<Before extends Stages, Value, ExpiredBefore>(
  begun: Begun,
  source: Omit<Source, 'route'>,
): Sourced<Before, Value, ExpiredBefore> {
  const routed = <AllStages extends Stages>(route: Source['route']) =>
    routedBy<AllStages, ExpiredBefore>({ ...begun, sources: [...begun.sources, { ...source, route }] })
  const through = <Next>(step: SourceStep): Sourced<Before, Next, ExpiredBefore> => {
    checkText(`the id of a ${step.kind}`, step.id)
    checkFunction(`the function of "${step.id}"`, step.apply)
    return sourced(begun, { ...source, steps: [...source.steps, step] })
  }
  return {
    // The value's type is forgotten here, as that of a stage is.
    filter: <Kept>(id: string, keep: FilterFunction<Value>) =>
      through<Kept>({ kind: 'filter', id, apply: keep as FilterFunction<unknown> }),
    map: (id, make) => through({ kind: 'map', id, apply: make as MapFunction<unknown, unknown> }),
    flatMap: (id, make, options = {}) => through(flatMapOf(id, make, options)),
    route(id, by, stages) {
      checkText('the id of a route', id)
      checkRouteBy(`what "${id}" chooses stages by`, by)
      checkStages(`"${id}"`, stages)
      return routed({ id, by: by as RouteBy, stages })
    },
    groupBy(id, key, options = {}) {
      checkOptions(`"${id}"`, options)
      const correlate = correlationOf(id, key, { of: [valueName], ...options })
      return groupedBy(id, <Output>(aggregation: Aggregation, kept: Stage) => {
        const { name, layout, tasks, tables, before, sources: others } = begun
        if (others.length > 0 || before.length > 0) {
          refuse(name, `"${id}" groups the records of a source that is not the only one`)
        }
        const sources = [{ ...source, route: sideRoute(source.id, valueName, kept) }]
        return correlatedBy<Output, never>(begun, { name, layout, tasks, tables, sources, correlate, aggregation }, [])
      })
    },
    side: (side, given = stage() as never) => routed(sideRoute(source.id, side, given)),
  }
}

/** Sends all records of a source to one stage. */
function sideRoute(sourceId: string, side: string, given: Stage<unknown>): Source['route'] {
  checkText(`the side of "${sourceId}"`, side)
  const stages = { [side]: given }
  checkStages(`"${sourceId}"`, stages)
  return { id: `${sourceId}-side`, by: undefined, stages }
}

function routedBy<AllStages extends Stages, ExpiredBefore>(begun: Begun): Routed<AllStages, ExpiredBefore> {
  const { before, sources } = begun
  return {
    source: (id, options = {}) => sourced(begun, sourceTopicOf(id, options)),
    correlate(id, key, options) {
      const correlate = correlationOf(id, key, options)
      const name = before.length === 0 ? begun.name : subtopologyName(begun.name, id)
      const { layout, tasks, tables } = begun
      return correlatedBy(begun, { name, layout, tasks, tables, sources, correlate, aggregation: undefined }, [])
    },
  }
}

function continuedBy<AllStages extends Stages, ExpiredBefore>(begun: Begun): Continued<AllStages, ExpiredBefore> {
  return {
    ...routedBy(begun),
    tables(...tables) {
      checkTables(begun.name, tables)
      const changed = tables.find((each) => begun.before.some((whole) => isChangedBy(whole, each)))
      if (changed !== undefined) {
        refuse(
          begun.name,
          `table "${changed.name}" changes with the epochs of one subtopology, and not of a further one: give that a table of its own`,
        )
      }
      return routedBy({ ...begun, tables })
    },
  }
}

function isChangedBy({ tables }: Pick<Topology, 'tables'>, table: DeclaredTable): boolean {
  return table.kind === 'table' && tables.includes(table)
}

type Correlating = Pick<Topology, 'name' | 'layout' | 'tasks' | 'tables' | 'sources' | 'correlate' | 'aggregation'>

function correlatedBy<Output, Expired>(
  begun: Begun,
  last: Correlating,
  steps: readonly MergedStep[],
): Correlated<Output, Expired> {
  const whole = (leaving: Pick<Whole, 'branch' | 'sinks'>): Whole => ({ kind: 'topology', ...last, steps, ...leaving })
  const ended = (leaving: Pick<Whole, 'branch' | 'sinks'>): Topology<Output, Expired> => {
    // A trace gets to a sink that asks for it only where it is carried on all the way.
    const traceContext = leaving.sinks.some((sink) => sink.traceContext)
    const before = begun.before.map((each) => ({
      ...each,
      sinks: each.sinks.map((sink) => ({ ...sink, traceContext })),
    }))
    const first = [...before, whole(leaving)].reduceRight<Topology | undefined>(
      (next, each) => ({ ...each, next }),
      undefined,
    )!
    return (begun.layout === 'routed' ? routedTopology(first) : first) as Topology<Output, Expired>
  }
  return {
    filter: (id: string, keeps: unknown, options?: MergedOptions) =>
      correlatedBy<never, Expired>(begun, last, [...steps, mergedStepOf('filter', id, keeps, options)]),
    map: (id, make, options) => correlatedBy(begun, last, [...steps, mergedStepOf('map', id, make, options)]),
    flatMap: (id, make, options) => correlatedBy(begun, last, [...steps, mergedStepOf('flatMap', id, make, options)]),
    into(side, given = stage() as never) {
      const { sink, source } = internalTopicOf(last.name, side)
      const before = [...begun.before, whole({ branch: undefined, sinks: [sink] })]
      const sources = [{ ...source, route: sideRoute(source.id, side, given) }]
      return continuedBy({ ...begun, tables: [], before, sources })
    },
    sink: (id, options) => ended({ branch: undefined, sinks: [sinkOf(id, options)] }),
    branch: (id, choose, sinks) => ended(branchOf(id, choose, sinks)),
  }
}
