import type { Field } from './field.ts'
import type { Expiry, Memory, Plan, Side } from './plan.ts'

/** A program as data that can be printed: each operator with what it does, functions by that word. */
export interface PlanDescription {
  readonly name: string
  readonly source: { readonly id: string; readonly topic: string }
  readonly route: { readonly id: string; readonly by: string }
  readonly stages: readonly StageDescription[]
  readonly correlate: {
    readonly id: string
    readonly by: string
    /** Absent where incomplete keys are pending without a bound. */
    readonly expiry: Expiry | undefined
    /** The deduplication window; absent where completed keys are forgotten at once. */
    readonly memory: Memory | undefined
  }
  readonly sink: { readonly id: string; readonly topic: string }
  readonly deadLetterTopic: string
  readonly checkpointTopic: string
}

export interface StageDescription {
  readonly name: string
  /** `the record`, a field, or a function. */
  readonly keeps: string
  readonly hasSchema: boolean
  readonly isDeterministic: boolean
  readonly version: number
}

/** Describes what a checked topology does. */
export function describePlan({ name, source, route, sides, correlate, sink, ...topics }: Plan): PlanDescription {
  const { deadLetterTopic, checkpointTopic } = topics
  return {
    name,
    source,
    route: { id: route.id, by: typeof route.by === 'function' ? 'a function' : fieldText(route.by) },
    stages: sides.map(describeStage),
    correlate: {
      id: correlate.id,
      by: fieldText(correlate.key),
      expiry: correlate.expiry,
      memory: correlate.memory,
    },
    sink,
    deadLetterTopic,
    checkpointTopic,
  }
}

function describeStage({ name, part, stage }: Side): StageDescription {
  return {
    name,
    keeps:
      part.kind === 'field'
        ? `field ${part.path.join('.')}`
        : part.kind === 'record'
          ? 'the record'
          : 'the result of a function',
    hasSchema: stage.schema !== undefined,
    isDeterministic: stage.deterministic,
    version: stage.version,
  }
}

function fieldText({ path }: Field): string {
  return `field ${path.join('.')}`
}
