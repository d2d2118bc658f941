import type { Field } from './field.ts'
import type { RecordOrigin, Stage } from './stage.ts'
import {
  checkField,
  checkFieldOrFunction,
  checkNames,
  checkOptions,
  checkStages,
  checkText,
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
export interface CorrelateOptions<Name extends string> {
  /** The sides, each the name of a stage, in the order in which the merged record has them. */
  readonly of: readonly Name[]
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

/** How long keys that have been merged are remembered. Each takes memory, and a place in the checkpoint. */
export interface RememberCompleted {
  /** Milliseconds since the merge, at least, by the clock of `expireBy`. */
  readonly forMs: number
  /** How many, at most: of more, those that were merged last. @defaultValue 1,000,000 */
  readonly keysMax?: number
}

/** The record a topology publishes: the key and, by name, the parts of all sides. */
export type Merged<AllStages extends Stages, Side extends keyof AllStages> = {
  readonly [Name in Side]: AllStages[Name] extends Stage<infer Part> ? Part : never
}

/** A topology as data: inert, checked by `plan` before anything starts. `Output` is the type of its merged records. */
export interface Topology<Output = unknown> {
  readonly kind: 'topology'
  readonly name: string
  readonly source: { readonly id: string; readonly topic: string }
  readonly route: { readonly id: string; readonly by: Field | RouteFunction<string>; readonly stages: Stages }
  readonly correlate: {
    readonly id: string
    readonly key: Field
    readonly of: readonly string[]
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

/** A topology that has a source, and needs a route. */
export interface Sourced {
  /** Sends each record to the stage that a field, or a function, names. Records for no stage become dead letters. */
  route<const AllStages extends Stages>(
    id: string,
    by: Field | RouteFunction<keyof AllStages & string>,
    stages: AllStages,
  ): Routed<AllStages>
}

/** A topology that has stages, and needs a correlation. */
export interface Routed<AllStages extends Stages> {
  /** Gathers the parts whose records have the same value in `key`, and gives one record when the last side is there. */
  correlate<const Side extends keyof AllStages & string>(
    id: string,
    key: Field,
    options: CorrelateOptions<Side>,
  ): Correlated<Merged<AllStages, Side>>
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
 */
export function topology(name: string): { source(id: string, options?: TopicOptions): Sourced } {
  checkText('the name of a topology', name)
  return {
    source: (sourceId, sourceOptions = {}) => {
      const source = topicOf('source', sourceId, sourceOptions)
      return {
        route: (routeId, by, stages) => {
          checkText('the id of a route', routeId)
          checkFieldOrFunction(`what "${routeId}" chooses stages by`, by)
          checkStages(`"${routeId}"`, stages)
          const route = { id: routeId, by: by as Field | RouteFunction<string>, stages }
          return {
            correlate: (correlateId, key, options) => {
              const correlate = correlationOf(correlateId, key, options)
              return {
                sink: (sinkId, sinkOptions = {}) => {
                  const sink = topicOf('sink', sinkId, sinkOptions)
                  return { kind: 'topology', name, source, route, correlate, sink }
                },
              }
            },
          }
        },
      }
    },
  }
}

function topicOf(kind: 'source' | 'sink', id: string, options: TopicOptions): Topology['source'] {
  checkText(`the id of a ${kind}`, id)
  checkOptions(`"${id}"`, options)
  const { topic = id } = options
  checkText(`the topic of "${id}"`, topic)
  return { id, topic }
}

function correlationOf(id: string, key: Field, options: CorrelateOptions<string>): Topology['correlate'] {
  checkText('the id of a correlation', id)
  checkField(`the key of "${id}"`, key)
  checkOptions(`"${id}"`, options)
  const { of, expireAfterMs, expireBy = 'eventTime', expireTo, rememberCompleted } = options
  checkNames(`"of" of "${id}"`, of)
  return { id, key, of, expireAfterMs, expireBy, expireTo, rememberCompleted }
}
