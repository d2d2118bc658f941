import { kindOf } from '../../core/kind-of.ts'
import type { Aggregation } from './aggregation.ts'
import { checkAggregation } from './plan-aggregation.ts'
import type { WhenFull } from './correlation.ts'
import { checkSources, isKeyMade, keysId } from './plan-sources.ts'
import {
  goByEventTime,
  type Expiry,
  type Memory,
  planExpiry,
  planMemory,
  planOptional,
  planWhenFull,
} from './plan-leaving.ts'
import type { MergedStep } from './merged-step.ts'
import type { PlannedLayout } from './layout.ts'
import { checkLayout } from './plan-layout.ts'
import { checkParts } from './plan-parts.ts'
import type { Branch } from './branch.ts'
import { planKeyName, planSides, type Side } from './plan-sides.ts'
import { checkWorkers } from './plan-workers.ts'
import { checkTopics, type OwnTopics, ownTopics } from './plan-topics.ts'
import type { RouteBy, SourceStep, SourceTopic } from './source.ts'
import { type PlannedStart, plannedStart } from './start-position.ts'
import { hasFunction, isFixed, isPlain, type Sink } from './sink.ts'
import { invalid, isKind, refuse } from './topology-checks.ts'
import { chainOf } from './subtopologies.ts'
import type { LookupTable, ProgramTable } from './table.ts'
import type { Topology } from './topology.ts'

/** A subtopology that has been checked: what the runtime is built from. */
export interface Plan extends OwnTopics, PlannedLayout {
  readonly name: string
  /** Id of the actor that reads all sources. */
  readonly readerId: string
  /** Tables that the functions before the merge change. */
  readonly tables: readonly ProgramTable[]
  /** Tables that topics fill, and these functions look up. */
  readonly lookups: readonly LookupTable[]
  /** In declared order; a source's index is its number everywhere. */
  readonly sources: readonly PlannedSource[]
  /** The sides in declared order; a side's index is its number everywhere. */
  readonly sides: readonly Side[]
  readonly correlate: {
    readonly id: string
    readonly keyName: string
    /** How long rows wait for optional sides; absent where all sides are required. */
    readonly withinMs: number | undefined
    /** Sides after which a merge does without the others; absent where it does not. */
    readonly atLeast: number | undefined
    /** Absent where rows never expire. */
    readonly expiry: Expiry | undefined
    /** What happens where the table has no room for a part. */
    readonly whenFull: WhenFull
    /** Absent where keys that have been merged are forgotten. */
    readonly memory: Memory | undefined
  }
  /** What becomes of records by key and window; absent where sides are merged. */
  readonly aggregation: Aggregation | undefined
  /** Filters and maps after the merge, in their order. */
  readonly steps: readonly MergedStep[]
  /** Absent where there is one sink. */
  readonly branch: Branch | undefined
  /** In declared order. */
  readonly sinks: readonly Sink[]
  /** Id of the actor that writes to all topics. */
  readonly writerId: string
  /** That of the subtopology after this one, whose first source is the sink of this one; undefined for the last. */
  readonly next: Plan | undefined
}

/** A topic that is read, what is done with its records, and which sides they may be of. */
export interface PlannedSource extends SourceTopic {
  readonly steps: readonly SourceStep[]
  /** Whether records may have left, or have another value than in the topic, when they come to the route. */
  readonly isPrepared: boolean
  /** Where it is read from first. */
  readonly from: PlannedStart
  readonly route: {
    readonly id: string
    /** Undefined where all records are of the one side. */
    readonly by: RouteBy | undefined
  }
  /** Indexes among the sides of the plan. */
  readonly sides: readonly number[]
}

/** Whether parts are routed to where rows expire, or keys are forgotten, by the time that records tell. */
export function tellsTimes({ layout, next }: Plan): boolean {
  return layout === 'routed' && next !== undefined && goByEventTime(next.correlate)
}

/** What Kafka allows in topic and group names, less what suffixes need. */
const nameForm = /^[A-Za-z0-9._-]{1,200}$/

/**
 * Checks a topology and fills in what follows from it.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` with what is wrong and where.
 */
export function planTopology(topology: Topology): Plan {
  if (!isKind(topology, 'topology')) {
    throw invalid(`a topology is ${kindOf(topology)}, where that belongs which topology(…)…sink(…) returns`)
  }
  const chain = chainOf(topology)
  for (const { name, sinks, next } of chain) {
    // The ends of the names after the first are ids and sides.
    for (const own of next === undefined ? [name] : [name, ...sinks.map(({ topic }) => topic)]) {
      if (!nameForm.test(own)) refuse(name, `the name "${own}" may only have letters, digits, ".", "_" and "-"`)
    }
  }
  const ids = checkedIds(chain)
  checkTopics(chain)
  return chain.reduceRight<Plan | undefined>((next, each) => planSubtopology(each, ids, next), undefined)!
}

/** The ids of all operators, which name them wherever they are told of: so each is of one of them. */
function checkedIds(chain: readonly Topology[]): string[] {
  const ids = chain.flatMap(idsOf)
  if (chain.some(({ sources }) => sources.length > 1)) ids.push(readerOfSeveral)
  const [{ name }] = chain as [Topology]
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) refuse(name, `two operators have the id "${twice}"`)
  if (ids.includes('')) refuse(name, 'an operator has an empty id')
  return ids
}

const readerOfSeveral = 'sources'

/** Both ends of an internal topic have one id, and what routes parts has those of what merges them. */
function idsOf({ layout, sources, correlate, steps, branch, sinks }: Topology): string[] {
  if (layout === 'routed')
    return [...sources, ...sources.flatMap((source) => source.steps), ...sinks].map(({ id }) => id)
  return [
    ...sources.flatMap(({ id, isInternal, steps: own, route }) => [
      ...(isInternal ? [] : [id]),
      ...own.map((step) => step.id),
      route.id,
    ]),
    correlate.id,
    ...[...steps, ...(branch ? [branch] : []), ...sinks].map((each) => each.id),
  ]
}

function planSubtopology(topology: Topology, ids: readonly string[], next: Plan | undefined): Plan {
  const { name, layout, tasks, tables, sources, correlate, aggregation, steps, branch, sinks } = topology
  if (sinks.length === 0) refuse(name, `"${branch?.id}" has no sinks`)
  const expiry = planExpiry(topology)
  const memory = planMemory(topology)
  const withinMs = planOptional(topology)
  checkSteps(topology)
  checkParts(topology)
  const sides = planSides(topology)
  const keyName = planKeyName(topology)
  if (sides.some((side) => side.name === keyName)) {
    refuse(name, `side "${keyName}" of "${correlate.id}" has the name of the key, which stands beside it in the output`)
  }
  checkAggregation(topology, keyName)
  checkSources(topology, sides, ids)
  checkWorkers(topology)
  if (layout !== 'routed') checkLayout(topology)
  return {
    name,
    layout,
    tasks,
    tables: tables.filter((table) => table.kind === 'table'),
    lookups: tables.filter((table) => table.kind === 'lookupTable'),
    readerId: sources.length === 1 ? sources[0]!.id : readerOfSeveral,
    sources: sources.map(({ route, ...source }) => ({
      ...source,
      isPrepared: source.decode !== undefined || source.steps.length > 0,
      from: plannedStart(name, source.id, source.from),
      route: { id: route.id, by: route.by },
      sides: [...sides.keys()].filter((side) => Object.hasOwn(route.stages, sides[side]!.name)),
    })),
    sides,
    correlate: {
      id: correlate.id,
      keyName,
      withinMs,
      atLeast: correlate.atLeast,
      expiry,
      whenFull: planWhenFull(topology),
      memory,
    },
    aggregation,
    steps,
    branch,
    sinks,
    writerId: branch?.id ?? sinks[0]!.id,
    next,
    ...ownTopics(name, layout),
  }
}

/** Fails where functions after the merge ask for integers in two ways, because they are given the same value. */
function checkSteps({ name, steps: [first, ...others] }: Topology): void {
  const other = others.find(({ bigIntegers }) => bigIntegers !== first!.bigIntegers)
  if (other === undefined) return
  refuse(
    name,
    `"${other.id}" takes integers beyond 2^53 - 1 as ${other.bigIntegers} and "${first!.id}" as ${first!.bigIntegers}; a record is parsed once for both`,
  )
}

/** Whether merged records are anything else than what the table writes by itself. */
export function isHandedOver({ steps, branch, sinks }: Pick<Plan, 'steps' | 'branch' | 'sinks'>): boolean {
  return steps.length > 0 || branch !== undefined || !sinks.every(isPlain)
}

/** Whether merged records go to one sink, which makes of them what it makes of all: no function has to see them. */
export function isWrittenAsMerged({ steps, branch, sinks }: Pick<Plan, 'steps' | 'branch' | 'sinks'>): boolean {
  return steps.length === 0 && branch === undefined && sinks.length === 1 && sinks.every(isFixed)
}

/** Whether functions change tables: all that they do belongs to the epoch of a record then. */
export function changesTables({ tables }: Pick<Plan, 'tables'>): boolean {
  return tables.length > 0
}

/** Whether pending parts are kept as functions have made them: what these found in tables is not there any more. */
export function keepsFinishedParts({ tables, lookups }: Pick<Plan, 'tables' | 'lookups'>): boolean {
  return tables.length + lookups.length > 0
}

/** Id of the actor that reads parts again which are not in the table. */
export const recallId = ({ correlate }: Pick<Plan, 'correlate'>) => `recall-${correlate.id}`
/** Id of the actor of a side's stage. */
export const stageId = (side: string) => `stage-${side}`

/** Ids of the operators that may have a user's function. */
export function functionIds({
  sources,
  sides,
  steps,
  branch,
  sinks,
}: Pick<Plan, 'sources' | 'sides' | 'steps' | 'branch' | 'sinks'>): string[] {
  const ofSource = (source: PlannedSource) => [
    ...source.steps.map(({ id }) => id),
    source.route.id,
    ...(source.sides.some((side) => isKeyMade(sides[side]!)) ? [keysId(source)] : []),
  ]
  return [
    ...sources.flatMap(ofSource),
    ...sides.map(({ name }) => stageId(name)),
    ...[...steps, ...(branch ? [branch] : []), ...sinks.filter(hasFunction)].map(({ id }) => id),
  ]
}

/** Id of the first operator that a source's batches go to. */
export function entryId({ steps, route }: Pick<PlannedSource, 'steps' | 'route'>): string {
  return steps[0]?.id ?? route.id
}

/** Id of the operator after a step of a source. */
export function stepAfter({ steps, route }: Pick<PlannedSource, 'steps' | 'route'>, id: string): string {
  return steps[steps.findIndex((step) => step.id === id) + 1]?.id ?? route.id
}
