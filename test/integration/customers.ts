import { field, stage, type StageOptions, topology } from '../../src/streams/index.ts'
import type { ReadRecord } from './read-topic.ts'
import type { SourceRecord, Stream } from './target.ts'

/** A record of a side, by the side's name, with a part that tells it from all others. */
export function record(side: string, id: number): SourceRecord {
  return { value: `{"stage":"${side}","id":${id},"part":{"of":"${side}${id}"}}`, partition: id % 2 }
}

/** Both records of each of `count` customers. */
export function customers(count: number): SourceRecord[] {
  return Array.from({ length: count }, (_, id) => [record('A', id), record('B', id)]).flat()
}

/** What the merge of a customer looks like. */
export function mergeOf(id: number): string {
  return `{"id":${id},"A":{"of":"A${id}"},"B":{"of":"B${id}"}}`
}

/** The value a stage's function is given. */
export interface CustomerRecord {
  readonly stage: string
  readonly id: number
  readonly part: { readonly of: string }
}

/** What a test asks of the correlation beside its sides. */
export interface Correlation {
  expireAfterMs?: number
  expireBy?: 'eventTime' | 'processingTime'
  expireTo?: string
  rememberCompleted?: { forMs: number; keysMax?: number }
  optional?: { sides: ('A' | 'B')[]; withinMs: number }
  latest?: ('A' | 'B')[]
}

/** The customers' topology: side B as they come, side A with whatever the test is about. */
export function customerTopology(
  { app, source, sink }: Pick<Stream, 'app' | 'source' | 'sink'>,
  sideA: StageOptions<CustomerRecord, unknown> = { part: field('part') },
  correlation: Correlation = {},
  sinkOptions: { readonly traceContext?: boolean } = {},
) {
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage(sideA), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'], ...correlation })
    .sink(sink, sinkOptions)
}

export function valuesOf(records: readonly ReadRecord[]): string[] {
  return records.map(({ value }) => value!).sort()
}

/** The merges of the customers `from` to `to`, without some. */
export function mergesOf(count: number, without: readonly number[] = []): string[] {
  return Array.from({ length: count }, (_, id) => id)
    .filter((id) => !without.includes(id))
    .map(mergeOf)
    .sort()
}

/** What a dead letter says of itself, the time of its record aside. */
export function saysOf({ headers }: ReadRecord) {
  const own = Object.fromEntries(
    headers
      .filter(([name]) => name.startsWith('millrace.') && name !== 'millrace.timestamp')
      .map(([name, value]) => [name.slice('millrace.'.length), value]),
  )
  return own as { reason: string; cause: string; topic: string; partition: string; offset: string }
}
