import type { Field } from './field.ts'
import type { Key } from './key.ts'
import { type Json, type RecordOrigin, stage, type Stage } from './stage.ts'
import {
  checkFieldOrFunction,
  checkKey,
  checkNames,
  checkOptions,
  checkStages,
  checkText,
  isByName,
} from './topology-checks.ts'

/** Picks the stage of a record by its name; must not return a promise. */
export type RouteFunction<Name extends string> = (value: unknown, origin: RecordOrigin) => Name | (string & {})

type Stages = Readonly<Record<string, Stage>>

/** The topic of a source or sink. */
export interface TopicOptions {
  /** The name of the topic. @defaultValue the operator's id */
  readonly topic?: string
}

/** Which parts make one record, and how long a key may be incomplete. */
export interface CorrelateOptions<Name extends string, Optional extends Name = never> {
  /** The sides, each the name of a stage, in the order in which the merged record has them. */
  readonly of: readonly Name[]
  /**
   * The name of the key in the merged record. @defaultValue the last name of the field that has the key of the first
   * side
   */
  readonly keyName?: string
  /**
   * Sides that a merge does without, if they have not come in time. @defaultValue a merge waits for all sides
   */
  readonly optional?: OptionalSides<Optional>
  /** Milliseconds by the timestamp of its oldest part after which an incomplete row leaves. @defaultValue never */
  readonly expireAfterMs?: number
  /**
   * What the deadline is compared with: the time that the records themselves tell, which stands while none come, or the
   * time of day. @defaultValue `eventTime`
   */
  readonly expireBy?: 'eventTime' | 'processingTime'
  /**
   * Topic for the parts of a row that has expired, in one record like a merged one. @defaultValue the dead-letter topic
   */
  readonly expireTo?: string
  /**
   * Makes a part a duplicate that comes after its key has been merged, where it would begin a new row else.
   * @defaultValue a key that has been merged is forgotten
   */
  readonly rememberCompleted?: RememberCompleted
}

/**
 * Sides that a merge does without. A part that comes after its merge is a duplicate with the reason `LATE` where
 * completed keys are remembered; else it begins a new row, which expires.
 */
export interface OptionalSides<Name extends string> {
  /** Some of the sides, not all. */
  readonly sides: readonly Name[]
  /**
   * Milliseconds by the time of day that a row waits for them, from when all other sides are there. It may be an eighth
   * longer; after a start or a restart of operators the wait begins anew. At least 8.
   */
  readonly withinMs: number
}

/** How long keys that have been merged are remembered. Each takes memory, and a place in the checkpoint. */
export interface RememberCompleted {
  /** Milliseconds since the merge, at least, by the clock of `expireBy`. */
  readonly forMs: number
  /** How many, at most: of more, those that were merged last. @defaultValue 1,000,000 */
  readonly keysMax?: number
}

/** The record a topology publishes: the key and, by name, the parts of all sides. */
export type Merged<AllStages extends Stages, Side extends keyof AllStages, Optional extends Side = never> = [
  Optional,
] extends [never]
  ? Parts<AllStages, Side>
  : Parts<AllStages, Exclude<Side, Optional>> & Partial<Parts<AllStages, Optional>>

type Parts<AllStages extends Stages, Side extends keyof AllStages> = {
  readonly [Name in Side]: AllStages[Name] extends Stage<infer Part> ? Part : never
}

/** A source as data: a topic, and which stage takes each of its records. */
export interface Source {
  readonly id: string
  readonly topic: string
  readonly route: {
    readonly id: string
    /** What names the stage of a record; undefined where there is one stage for all of them. */
    readonly by: Field | RouteFunction<string> | undefined
    readonly stages: Stages
  }
}

/** The merge key of every side, or of each side by its name. */
export type Keys<Side extends string> = Key | { readonly [Name in Side]: Key }

/** A topology as data: inert, checked by `plan` before anything starts. `Output` is the type of its merged records. */
export interface Topology<Output = unknown> {
  readonly kind: 'topology'
  readonly name: string
  /** In declared order. */
  readonly sources: readonly Source[]
  readonly correlate: {
    readonly id: string
    readonly key: Keys<string>
    readonly keyName: string | undefined
    readonly of: readonly string[]
    readonly optional: OptionalSides<string> | undefined
    readonly expireAfterMs: number | undefined
    readonly expireBy: 'eventTime' | 'processingTime'
    readonly expireTo: string | undefined
    readonly rememberCompleted: RememberCompleted | undefined
  }
  readonly sink: { readonly id: string; readonly topic: string }
  /** Never there; they carry the types of what the sink and `expireTo` get. */
  readonly output?: Output
  readonly expired?: Partial<Output>
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
  ): Correlated<Merged<AllStages, Side, Optional>>
}

/** A topology that has a correlation, and needs a sink. */
export interface Correlated<Output> {
  /** Publishes the merged records. */
  sink(id: string, options?: TopicOptions): Topology<Output>
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
      const correlate = correlationOf(correlateId, key, options)
      return {
        sink(id, sinkOptions = {}) {
          return { kind: 'topology', name, sources, correlate, sink: topicOf('sink', id, sinkOptions) }
        },
      }
    },
  }
}

function topicOf(kind: 'source' | 'sink', id: string, options: TopicOptions): Topology['sink'] {
  checkText(`the id of a ${kind}`, id)
  checkOptions(`"${id}"`, options)
  const { topic = id } = options
  checkText(`the topic of "${id}"`, topic)
  return { id, topic }
}

function correlationOf(
  id: string,
  key: Keys<string>,
  options: CorrelateOptions<string, string>,
): Topology['correlate'] {
  checkText('the id of a correlation', id)
  if (isByName(key))
    for (const [side, each] of Object.entries(key)) checkKey(`the key of side "${side}" of "${id}"`, each)
  else checkKey(`the key of "${id}"`, key)
  checkOptions(`"${id}"`, options)
  const { of, keyName, optional, expireAfterMs, expireBy = 'eventTime', expireTo, rememberCompleted } = options
  checkNames(`"of" of "${id}"`, of)
  if (optional !== undefined) {
    checkOptions(`the optional sides of "${id}"`, optional)
    checkNames(`"sides" of the optional sides of "${id}"`, optional.sides)
  }
  if (keyName !== undefined) checkText(`keyName of "${id}"`, keyName)
  return { id, key, keyName, of, optional, expireAfterMs, expireBy, expireTo, rememberCompleted }
}
