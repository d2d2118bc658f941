import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Field } from './field.ts'
import type { RecordView } from './record-view.ts'
import { checkFieldOrFunction, checkOptions, type OptionNames } from './topology-checks.ts'

/** What a JSON value parses to. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/**
 * Makes the part of a record. `undefined` filters the record out. A promise is awaited, with others at the same time.
 */
export type PartFunction<Value, Part> = (
  value: Value,
  record: RecordView,
) => Part | undefined | Promise<Part | undefined>

/** What a stage keeps of a record, and what its function needs. */
export interface StageOptions<Value, Part> {
  /**
   * What the stage keeps of a record: the raw bytes of a field, or what a function makes. @defaultValue the whole
   * value, byte for byte
   */
  readonly part?: Field | PartFunction<Value, Part>
  /**
   * Any Standard Schema (zod, valibot, arktype, …), synchronous; a function is given its output. Records that do not
   * satisfy it become dead letters.
   */
  readonly schema?: StandardSchemaV1<unknown, Value>
  /**
   * Raise it when function or schema change so that they make other parts: pending ones were made by the old one.
   * @defaultValue 1
   */
  readonly version?: number
  /**
   * Whether the function makes the same part each time that it sees the same record. Where it does not (it asks the
   * time, a service, a random number) pending parts are promoted to the checkpoint, and a restart does not make
   * them again.
   * @defaultValue true
   */
  readonly deterministic?: boolean
  /**
   * As what function and schema are given integers beyond 2^53 - 1, which numbers do not hold exactly: with `bigint` as
   * BigInt, and each BigInt of a part is written as an integer. Smaller ones are numbers in any case. Without a
   * function bytes leave as they came.
   * @defaultValue `number`
   */
  readonly bigIntegers?: 'number' | 'bigint'
}

const optionNames: OptionNames<StageOptions<unknown, unknown>> = {
  part: true,
  schema: true,
  version: true,
  deterministic: true,
  bigIntegers: true,
}

/** One kind of part. */
export interface Stage<Part = unknown> {
  readonly kind: 'stage'
  readonly part: Field | PartFunction<unknown, Part> | undefined
  readonly schema: StandardSchemaV1 | undefined
  readonly version: number
  readonly deterministic: boolean
  readonly bigIntegers: 'number' | 'bigint'
}

/**
 * Describes a stage: what one kind of record is kept as. Without a function nothing is parsed, and bytes leave as they
 * came.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for a part that is neither a field nor a function.
 *
 * @example
 * stage({ part: field('part') })
 * stage({ schema: orderSchema, part: (order) => ({ total: order.amount * order.count }) })
 */
export function stage<Value = Json, Part = Json>(options: StageOptions<Value, Part> = {}): Stage<NoInfer<Part>> {
  checkOptions('a stage', options, optionNames)
  if (options.part !== undefined) checkFieldOrFunction('the part of a stage', options.part)
  // The value's type is forgotten here; the schema, where there is one, has checked it before the function runs.
  return {
    kind: 'stage',
    part: options.part as Stage<Part>['part'],
    schema: options.schema as StandardSchemaV1 | undefined,
    version: options.version ?? 1,
    deterministic: options.deterministic ?? true,
    bigIntegers: options.bigIntegers ?? 'number',
  }
}
