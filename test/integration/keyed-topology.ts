import { partitionForKey } from '../../src/kafka/index.ts'
import { field, type Layout, stage, topology } from '../../src/streams/index.ts'
import type { SourceRecord, Stream } from './target.ts'

export const keyedPartitions = 12

/**
 * Customers of three sides, whose records are partitioned by their id.
 *
 * @param partOfA - Makes the parts of the side A. @defaultValue the field `part` is the part, as it is of the others
 */
export function keyedTopology(
  { app, source, sink }: Pick<Stream, 'app' | 'source' | 'sink'>,
  layout: Layout = 'keyed',
  partOfA?: (record: { readonly part: string }) => string,
) {
  const part = field('part')
  return topology(app, { layout })
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part: partOfA ?? part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] })
    .sink(sink)
}

/** A record of each of these sides, of each of these customers, where a producer would put it. */
export function keyedRecords(sides: readonly string[], from: number, to: number): SourceRecord[] {
  const ids = Array.from({ length: to - from }, (_, at) => from + at)
  return ids.flatMap((id) =>
    sides.map((side) => ({
      key: String(id),
      value: `{"stage":"${side}","id":${id},"part":"${side}${id}"}`,
      partition: partitionForKey(Buffer.from(String(id)), keyedPartitions),
    })),
  )
}

/** What the merges of these customers look like. */
export function keyedMerges(count: number): string[] {
  return Array.from({ length: count }, (_, id) => `{"id":${id},"A":"A${id}","B":"B${id}","C":"C${id}"}`).sort()
}
