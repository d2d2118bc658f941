import type { MergeKey } from './merged-step.ts'
import { checkFunction, checkOptions, invalid, type OptionNames } from './topology-checks.ts'
import { topicOf, type TopicOptions } from './topic.ts'

/** How the records of a sink look, beside their value. Functions see that value, and the merge key. */
export interface SinkOptions<Value = unknown> extends TopicOptions {
  /**
   * The key of each record: that of the merge, none, or what a function makes of it. A record whose key is not that of
   * the merge has that one in the header `millrace.key`, as JSON. @defaultValue `mergeKey`
   */
  readonly key?: 'mergeKey' | 'none' | ((value: Value, key: MergeKey) => string | Uint8Array | null)
  /** Headers of each record, beside `millrace.origins`. @defaultValue none */
  readonly headers?: SinkHeaders | ((value: Value, key: MergeKey) => SinkHeaders)
  /**
   * The timestamp of each record: the greatest or the least of its parts', or the time of day at which it is merged.
   * @defaultValue `greatest`
   */
  readonly timestamp?: 'greatest' | 'least' | 'processingTime'
  /**
   * The partition of each record, from 0 on. @defaultValue the one that Java's default partitioner chooses for the key;
   * for a record without one that of the merge key
   */
  readonly partition?: (value: Value, key: MergeKey, partitionCount: number) => number
  /** What batches of the topic are compressed with. @defaultValue `none` */
  readonly compression?: Compression
  /**
   * Whether each record carries a trace on: it has the headers `traceparent` and `tracestate`, as they came, of the first
   * side in `of` whose part came with a valid `traceparent`, as W3C Trace Context has it. @defaultValue `false`
   */
  readonly traceContext?: boolean
}

/** Names with values; names that begin with `millrace.` are Millrace's own. */
export type SinkHeaders = Readonly<Record<string, string | Uint8Array>>

/** What batches are compressed with. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A sink as data. */
export interface Sink {
  readonly id: string
  readonly topic: string
  readonly key: 'mergeKey' | 'none' | SinkFunction<string | Uint8Array | null>
  readonly headers: SinkHeaders | SinkFunction<SinkHeaders>
  readonly timestamp: 'greatest' | 'least' | 'processingTime'
  readonly partition: ((value: unknown, key: MergeKey, partitionCount: number) => number) | undefined
  readonly compression: Compression
  readonly traceContext: boolean
}

type SinkFunction<Result> = (value: unknown, key: MergeKey) => Result

const optionNames: OptionNames<SinkOptions> = {
  topic: true,
  key: true,
  headers: true,
  timestamp: true,
  partition: true,
  compression: true,
  traceContext: true,
}

const choices = {
  key: ['mergeKey', 'none'],
  timestamp: ['greatest', 'least', 'processingTime'],
  compression: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
} as const

/** A sink, checked as far as one can by itself. */
export function sinkOf(id: string, options: SinkOptions<never> = {}): Sink {
  checkOptions(`"${id}"`, options, optionNames)
  const { topic } = topicOf('sink', id, options)
  const { key = 'mergeKey', headers = {}, timestamp = 'greatest', partition, compression = 'none' } = options
  const { traceContext = false } = options
  if (typeof key !== 'function') checkChoice(id, 'key', key)
  if (typeof headers !== 'function') checkHeaders(`the headers of "${id}"`, headers)
  checkChoice(id, 'timestamp', timestamp)
  if (partition !== undefined) checkFunction(`what "${id}" chooses partitions by`, partition)
  checkChoice(id, 'compression', compression)
  if (typeof traceContext !== 'boolean') {
    throw invalid(`traceContext of "${id}" is ${JSON.stringify(traceContext)}; it may be true or false`)
  }
  // The types of what functions are given have been checked where they were given.
  return { id, topic, key, headers, timestamp, partition, compression, traceContext } as Sink
}

/** Fails for what are no headers that a sink may add. @param what - Whose they are. */
export function checkHeaders(what: string, headers: unknown): asserts headers is SinkHeaders {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw invalid(`${what} are no object of names with values`)
  }
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(ownPrefix)) throw invalid(`${what} have "${name}"; names like that are Millrace's own`)
    if (typeof value === 'string' || value instanceof Uint8Array) continue
    throw invalid(`${what} have "${name}", whose value is neither text nor bytes`)
  }
}

const ownPrefix = 'millrace.'

/** Whether its records look as the table writes them. */
export function isPlain({ key, headers, timestamp, partition, traceContext }: Sink): boolean {
  const hasHeaders = typeof headers === 'function' || Object.keys(headers).length > 0
  return key === 'mergeKey' && !hasHeaders && timestamp === 'greatest' && partition === undefined && !traceContext
}

/** Whether what it makes of its records is known before they are there: headers that all have, and which time. */
export function isFixed({ key, headers, partition, traceContext }: Sink): boolean {
  return key === 'mergeKey' && typeof headers !== 'function' && partition === undefined && !traceContext
}

/** Whether any of its options is a function. */
export function hasFunction({ key, headers, partition }: Sink): boolean {
  return [key, headers, partition].some((option) => typeof option === 'function')
}

/** Whether its records may lie elsewhere than where their merge key would. */
export function isSpread({ key, partition }: Sink): boolean {
  return typeof key === 'function' || partition !== undefined
}

function checkChoice(id: string, option: keyof typeof choices, value: string): void {
  const known: readonly string[] = choices[option]
  if (known.includes(value)) return
  const list = known.map((choice) => `"${choice}"`).join(', ')
  throw invalid(`${option} of "${id}" is ${JSON.stringify(value)}; it may be ${list}`)
}
