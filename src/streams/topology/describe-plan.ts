import type { Aggregation } from './aggregation.ts'
import type { WhenFull } from './correlation.ts'
import { decodingText } from './decoding.ts'
import { pathText } from './field.ts'
import { keyText } from './key.ts'
import { startText } from './start-position.ts'
import type { LookupTable, ProgramTable } from './table.ts'
import type { Plan, PlannedSource } from './plan.ts'
import type { Expiry, Memory } from './plan-leaving.ts'
import type { Side } from './plan-sides.ts'
import type { Sink } from './sink.ts'
import type { Layout } from './layout.ts'

/** A program as data that can be printed: each operator with what it does, functions by that word. */
export interface PlanDescription {
  readonly name: string
  /** How processes share the work; absent where one of them does all of it. */
  readonly layout?: Exclude<Layout, 'single'>
  /** Partitions of the topics that parts are routed through; absent where the sources say. */
  readonly tasks?: number
  readonly sources: readonly SourceDescription[]
  readonly stages: readonly StageDescription[]
  readonly correlate: {
    readonly id: string
    /** Where the merge key stands, if that is the same place for all sides. */
    readonly by: string
    /** Name of the key in merged records. */
    readonly keyName: string
    /** Milliseconds that a merge waits for optional sides; absent where there are none. */
    readonly withinMs: number | undefined
    /** Sides after which a merge does without the others; absent where it does not. */
    readonly atLeast: number | undefined
    /** Absent where incomplete keys are pending without a bound. */
    readonly expiry: Expiry | undefined
    /** What happens where the pending table has no room for a part. */
    readonly whenFull: WhenFull
    /** The deduplication window; absent where completed keys are forgotten at once. */
    readonly memory: Memory | undefined
  }
  /** What becomes of records by key and window; absent where sides are merged. */
  readonly windows?: WindowsDescription
  /** Filters and maps after the merge, in their order. */
  readonly steps: readonly { readonly id: string; readonly kind: 'filter' | 'map' | 'flatMap' }[]
  /** What chooses among the sinks; absent where there is one. */
  readonly branch: { readonly id: string } | undefined
  readonly sinks: readonly SinkDescription[]
  readonly deadLetterTopic: string
  readonly checkpointTopic: string
  /** Tables that functions change; absent for none. */
  readonly tables?: readonly TableDescription[]
  /** Tables that topics fill, and functions look up; absent for none. */
  readonly lookups?: readonly LookupDescription[]
  /** The subtopology that reads the merged records; absent where they are what the topology publishes. */
  readonly next?: PlanDescription
}

/** What a window keeps of its records, and when it closes. */
export interface WindowsDescription extends Pick<Aggregation, 'aggregate' | 'results' | 'late' | 'bytesMax'> {
  /** Of windows of a fixed size. */
  readonly sizeMs?: number
  readonly advanceMs?: number
  /** Of sessions. */
  readonly gapMs?: number
  /** Of sliding windows. */
  readonly timeDifferenceMs?: number
  readonly timestampsMax?: number
  readonly graceMs: number
}

/** A table, and the names of its codecs. */
export interface TableDescription {
  readonly name: string
  readonly key: string
  readonly value: string
  readonly bytesMax: number
}

/** A table that a topic fills. */
export interface LookupDescription extends TableDescription {
  readonly topic: string
}

export interface SinkDescription {
  readonly id: string
  readonly topic: string
  /** `mergeKey`, `none`, or a function. */
  readonly key: string
  /** Names of those that each record has, or a function; besides `millrace.origins`. */
  readonly headers: readonly string[] | 'a function'
  readonly timestamp: 'greatest' | 'least' | 'processingTime'
  /** By the key, or by a function. */
  readonly partition: 'by the key' | 'a function'
  readonly compression: string
  /** Whether records carry the trace of a part on. */
  readonly traceContext: boolean
}

export interface SourceDescription {
  readonly id: string
  readonly topic: string
  /** Where a new program begins to read it. */
  readonly from: string
  /** Absent where it is read as fast as can be. */
  readonly recordsPerSecondMax: number | undefined
  /** What its values are. */
  readonly decode: string
  /** Where the time of its records stands. */
  readonly timestamp: string
  /** What is done with records before the route, in order. */
  readonly steps: readonly { readonly id: string; readonly kind: 'decode' | 'filter' | 'map' | 'flatMap' }[]
  readonly route: {
    readonly id: string
    /** A field, a header, a function, or the side that all records are of. */
    readonly by: string
    /** Absent where records may be of several sides. */
    readonly side: string | undefined
  }
  /** The stages that its records may go to. */
  readonly stages: readonly string[]
}

export interface StageDescription {
  readonly name: string
  /** Where the merge key of its records stands. */
  readonly key: string
  /** `the record`, a field, or a function. */
  readonly keeps: string
  readonly hasSchema: boolean
  readonly isDeterministic: boolean
  /** Whether a merge does without it. */
  readonly isOptional: boolean
  /** Which of several parts of a key count. */
  readonly parts: string
  readonly version: number
}

/** Describes what a checked topology does. */
export function describePlan({
  name,
  layout,
  tasks,
  tables,
  lookups,
  sources,
  sides,
  correlate,
  aggregation,
  steps,
  branch,
  sinks,
  next,
  ...topics
}: Plan): PlanDescription {
  const { deadLetterTopic, checkpointTopic } = topics
  const keys = new Set(sides.map(({ key }) => sideKeyText(key)))
  return {
    name,
    ...(layout !== 'single' && { layout }),
    ...(tasks !== undefined && { tasks }),
    sources: sources.map((source) => describeSource(source, sides)),
    stages: sides.map((side) => describeStage(side, sides)),
    correlate: { ...correlate, by: keys.size === 1 ? [...keys].join() : 'the key of each side' },
    ...(aggregation && { windows: describeWindows(aggregation) }),
    steps: steps.map(({ id, kind }) => ({ id, kind })),
    branch: branch && { id: branch.id },
    sinks: sinks.map(describeSink),
    deadLetterTopic,
    checkpointTopic,
    ...(tables.length > 0 && { tables: tables.map(describeTable) }),
    ...(lookups.length > 0 && { lookups: lookups.map(describeLookup) }),
    ...(next && { next: describePlan(next) }),
  }
}

function describeWindows({ aggregate, results, late, bytesMax, windows }: Aggregation): WindowsDescription {
  const { kind: _, ...times } = windows
  return { aggregate, ...times, results, late, bytesMax }
}

function describeTable({ name, key, value, bytesMax }: ProgramTable | LookupTable): TableDescription {
  return { name, key: key.name, value: value.name, bytesMax }
}

function describeLookup(table: LookupTable): LookupDescription {
  return { ...describeTable(table), topic: table.topic }
}

function describeSink({ key, headers, partition, ...rest }: Sink): SinkDescription {
  return {
    ...rest,
    key: typeof key === 'function' ? 'a function' : key,
    headers: typeof headers === 'function' ? 'a function' : Object.keys(headers),
    partition: partition === undefined ? 'by the key' : 'a function',
  }
}

function describeSource(
  { id, topic, route, sides, ...source }: PlannedSource,
  all: readonly Side[],
): SourceDescription {
  const stages = sides.map((side) => all[side]!.name)
  const side = route.by === undefined ? stages[0] : undefined
  const steps = source.steps.map(({ id: stepId, kind }) => ({ id: stepId, kind }))
  const decode = decodingText(source.decode)
  const timestamp = source.timestamp === undefined ? 'of the record' : `field ${pathText(source.timestamp.path)}`
  return {
    id,
    topic,
    from: startText(source.from),
    recordsPerSecondMax: source.recordsPerSecondMax,
    decode,
    timestamp,
    steps,
    route: { id: route.id, by: routeText(route), side },
    stages,
  }

  function routeText({ by }: PlannedSource['route']): string {
    if (by === undefined) return `all records are of side ${side}`
    return typeof by === 'function' ? 'a function' : keyText(by)
  }
}

function partsText({ isLatest, list }: Side, sides: readonly Side[]): string {
  if (list === undefined) return isLatest ? 'the latest' : 'the first'
  if (list.count === undefined) return 'all that come in time'
  if (typeof list.count === 'number') return `${list.count} of them`
  return `as many as ${sides[list.count.side]!.name} says in ${list.count.path.join('.')}`
}

function describeStage(side: Side, sides: readonly Side[]): StageDescription {
  const { name, part, stage, key, isOptional } = side
  return {
    name,
    key: sideKeyText(key),
    keeps:
      part.kind === 'field'
        ? `field ${pathText(part.path)}`
        : part.kind === 'record'
          ? 'the record'
          : 'the result of a function',
    hasSchema: stage.schema !== undefined,
    isDeterministic: stage.deterministic,
    isOptional,
    parts: partsText(side, sides),
    version: stage.version,
  }
}

function sideKeyText(key: Side['key']): string {
  return keyText(key.kind === 'keyFunction' ? key.make : key)
}
