import type { Field } from './field.ts'
import type { RecordOrigin, Stage } from './stage.ts'

/** Picks the stage of a record by its name; must not return a promise. */
export type RouteFunction<Name extends string> = (value: unknown, origin: RecordOrigin) => Name | (string & {})

export type Stages = Readonly<Record<string, Stage>>

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
