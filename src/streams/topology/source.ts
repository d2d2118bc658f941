import type { DecodeFunction, Decoding } from './decoding.ts'
import type { Field } from './field.ts'
import type { HeaderKey, RecordKey } from './key.ts'
import type { RecordView } from './record-view.ts'
import type { StartPosition } from './start-position.ts'
import type { Stage } from './stage.ts'
import { type TopicOptions, topicOf } from './topic.ts'
import {
  checkBigIntegers,
  checkDecoding,
  checkField,
  checkOptions,
  invalid,
  type OptionNames,
} from './topology-checks.ts'

/** Picks the stage of a record by its name; must not return a promise. */
export type RouteFunction<Name extends string, Value = unknown> = (
  value: Value,
  record: RecordView,
) => Name | (string & {})

/**
 * Whether a record goes on. It is given null for the value of a tombstone, and has to answer the same for the same
 * record. A promise is awaited, with others at the same time.
 */
export type FilterFunction<Value> = (value: Value, record: RecordView) => boolean | Promise<boolean>

/**
 * Makes another value of a record; what it returns is written as JSON. `undefined` filters the record out, and null
 * leaves it without a value. It is given null for the value of a tombstone, and has to make the same of the same record.
 * A promise is awaited, with others at the same time.
 */
export type MapFunction<Value, Made> = (value: Value, record: RecordView) => Made | Promise<Made>

/**
 * Makes several records of each, in order; what it returns is written as JSON. An empty list filters the record out, and
 * a null in it is a record without a value. It is given null for the value of a tombstone, and has to make the same of
 * the same record. A promise is awaited, with others at the same time.
 */
export type FlatMapFunction<Value, Made> = (
  value: Value,
  record: RecordView,
) => readonly Made[] | Promise<readonly Made[]>

/** How many records a flatMap may make. */
export interface FlatMapOptions {
  /**
   * Records that are made of one at most; where there are more, the record is a dead letter. Each partition takes so
   * many times as much of the checkpoint's manifest, and as many batches. At most 256. @defaultValue 16
   */
  readonly partsMax?: number
}

/** What names the stage of a record. */
export type RouteBy = Field | HeaderKey | RecordKey | RouteFunction<string>

export type Stages = Readonly<Record<string, Stage>>

/** The topic of a source, and what its values are. */
export interface SourceOptions<Value = unknown> extends TopicOptions {
  /**
   * What the values are: one of `confluentJson`, `apicurioJson`, `glueJson`, `compressedJson` and `rawBytes`, or a
   * function that decodes them. @defaultValue JSON as it stands
   */
  readonly decode?: Decoding<Value> | DecodeFunction<Value>
  /**
   * As what filters, maps, the route's and the key's functions are given integers beyond 2^53 - 1, which numbers do not
   * hold exactly; a stage has an option of its own for its functions. With `bigint` as BigInt, which a map writes as an
   * integer. Without a function bytes leave as they came.
   * @defaultValue `number`
   */
  readonly bigIntegers?: 'number' | 'bigint'
  /**
   * Field with the time of each record, in milliseconds since 1970 or as text in ISO 8601 with an offset. It takes the
   * place of the record's timestamp for expiry, in merged records, and for functions of stages. A record without it is a
   * dead letter. @defaultValue the timestamp of the record
   */
  readonly timestamp?: Field
  /**
   * Where a program without a checkpoint begins. Its first epoch fixes that; from then on this is without effect. A
   * partition that comes later is read from offset 0. @defaultValue `earliest`
   */
  readonly from?: StartPosition
  /**
   * New records that are read of the topic in a second, at most, on average: a whole number from 1 on. What a second
   * allows may be saved up, and a record batch comes whole, however many records it has, and is waited for afterwards.
   * What is read again after a start is not slowed down. @defaultValue as many as can be
   */
  readonly recordsPerSecondMax?: number
}

const optionNames: OptionNames<SourceOptions> = {
  topic: true,
  decode: true,
  bigIntegers: true,
  timestamp: true,
  from: true,
  recordsPerSecondMax: true,
}

/** A step on the way from a source to its route. */
export type SourceStep =
  | { readonly kind: 'decode'; readonly id: string; readonly apply: DecodeFunction<unknown> }
  | { readonly kind: 'filter'; readonly id: string; readonly apply: FilterFunction<unknown> }
  | { readonly kind: 'map'; readonly id: string; readonly apply: MapFunction<unknown, unknown> }
  | FlatMapStep

/** One that makes one record of each at most. */
export type PlainStep = Exclude<SourceStep, FlatMapStep>

export interface FlatMapStep {
  readonly kind: 'flatMap'
  readonly id: string
  readonly apply: FlatMapFunction<unknown, unknown>
  readonly partsMax: number
}

/** A topic, and what its values are. */
export interface SourceTopic {
  readonly id: string
  readonly topic: string
  /** Absent where they are JSON as it stands. */
  readonly decode: Decoding<unknown> | DecodeFunction<unknown> | undefined
  readonly bigIntegers: 'number' | 'bigint'
  /** Absent where records have the timestamp that they came with. */
  readonly timestamp: Field | undefined
  /** Absent where it is read as fast as can be. */
  readonly recordsPerSecondMax: number | undefined
  /** Whether the subtopology before writes it. */
  readonly isInternal: boolean
  /** The source whose records have become the parts that are read here; absent where records are read as they came. */
  readonly partsOf?: Pick<Source, 'topic' | 'steps'>
}

/** A source as data: a topic, what is done with its records, and which stage takes each of them. */
export interface Source extends SourceTopic {
  /** Filters and maps in their order, one flatMap at most; where a function decodes, it is the first. */
  readonly steps: readonly SourceStep[]
  readonly from: StartPosition
  readonly route: {
    readonly id: string
    /** What names the stage of a record; undefined where there is one stage for all of them. */
    readonly by: RouteBy | undefined
    readonly stages: Stages
  }
}

/** The most that `partsMax` may be. */
const partsMaxMax = 256

/** A flatMap, checked. */
export function flatMapOf(id: string, apply: unknown, options: FlatMapOptions): FlatMapStep {
  checkOptions<FlatMapOptions>(`"${id}"`, options, { partsMax: true })
  const { partsMax = 16 } = options
  if (!Number.isInteger(partsMax) || partsMax < 1 || partsMax > partsMaxMax) {
    throw invalid(`partsMax of "${id}" is ${String(partsMax)}, where a whole number from 1 to ${partsMaxMax} belongs`)
  }
  return { kind: 'flatMap', id, apply: apply as FlatMapStep['apply'], partsMax }
}

/** The topic of a source, checked, and its first step where a function decodes. */
export function sourceTopicOf(
  id: string,
  options: SourceOptions<unknown>,
): SourceTopic & Pick<Source, 'from' | 'steps'> {
  checkOptions(`"${id}"`, options, optionNames)
  const { topic } = topicOf('source', id, options)
  const { decode, bigIntegers = 'number', timestamp, from = 'earliest', recordsPerSecondMax } = options
  checkDecoding(`"${id}"`, decode)
  checkBigIntegers(`"${id}"`, bigIntegers)
  if (timestamp !== undefined) checkField(`the timestamp of "${id}"`, timestamp)
  if (recordsPerSecondMax !== undefined && !(Number.isSafeInteger(recordsPerSecondMax) && recordsPerSecondMax > 0)) {
    throw invalid(`recordsPerSecondMax of "${id}" is ${recordsPerSecondMax}; it is a whole number from 1 on`)
  }
  const steps: SourceStep[] =
    typeof decode === 'function' ? [{ kind: 'decode', id: `${id}-decode`, apply: decode }] : []
  return { id, topic, from, decode, bigIntegers, timestamp, recordsPerSecondMax, isInternal: false, steps }
}
