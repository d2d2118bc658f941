import { type Aggregation, valueName } from './aggregation.ts'
import { groupedBy } from './grouped.ts'
import { correlationOf } from './correlation.ts'
import { branchOf } from './branch.ts'
import { type MergedOptions, type MergedStep, mergedStepOf } from './merged-step.ts'
import {
  type FilterFunction,
  flatMapOf,
  type MapFunction,
  type RouteBy,
  type Source,
  type SourceStep,
  sourceTopicOf,
  type Stages,
} from './source.ts'
import { sinkOf } from './sink.ts'
import { layoutOf, type PlannedLayout, type TopologyOptions } from './layout.ts'
import { routedTopology } from './routed.ts'
import { internalTopicOf, subtopologyName } from './subtopologies.ts'
import { stage, type Stage } from './stage.ts'
import { checkTables, type DeclaredTable } from './table.ts'
import type { Topology } from './declared-topology.ts'
import { checkFunction, checkOptions, checkRouteBy, checkStages, checkText, refuse } from './topology-checks.ts'
import type { Continued, Correlated, GroupOptions, Named, Routed, Sourced } from './ways-on.ts'

export type { Topology }

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
      checkOptions<GroupOptions>(`"${id}"`, options, { keyName: true })
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
