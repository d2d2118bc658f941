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

/** The same with rows that expire by event time. */
export function expiringTopology(
  { app, source, sink }: Pick<Stream, 'app' | 'source' | 'sink'>,
  layout: Layout = 'keyed',
) {
  const part = field('part')
  return topology(app, { layout })
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], expireAfterMs: 1_000 })
    .sink(sink)
}

/** The same with completed keys that are remembered. */
export function rememberingTopology(
  { app, source, sink }: Pick<Stream, 'app' | 'source' | 'sink'>,
  layout: Layout = 'keyed',
) {
  const part = field('part')
  const remembering = { rememberCompleted: { forMs: 3_600_000 }, expireBy: 'processingTime' } as const
  return topology(app, { layout })
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], ...remembering })
    .sink(sink)
}

/** Records of these customers, several in one. */
interface Pack {
  readonly records: readonly { readonly stage: string; readonly id: number; readonly part: string }[]
}

/** The same of packs of them. */
export function packedTopology(
  { app, source, sink }: Pick<Stream, 'app' | 'source' | 'sink'>,
  layout: Layout = 'keyed',
) {
  const part = field('part')
  return topology(app, { layout })
    .source<Pack>(source)
    .flatMap('unpack', ({ records }) => records, { partsMax: 4 })
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] })
    .sink(sink)
}

interface Customer {
  readonly id: number
  readonly part: string
}

/** Customers whose part A, and whose merge, a program makes only when its functions have been mended. */
export const faults = {
  part: (id: number) => id % 3 === 0,
  merge: (id: number) => id % 5 === 1,
}

/** The same with functions that fail on some of them before they are mended. */
export function faultyTopology(
  { app, source, sink }: Pick<Stream, 'app' | 'source' | 'sink'>,
  layout: Layout,
  isMended: boolean,
) {
  const made = <Value>(value: Value, isFaulty: boolean) => {
    if (isFaulty && !isMended) throw new Error('not mended')
    return value
  }
  const part = field('part')
  return topology(app, { layout })
    .source<Customer>(source)
    .route('by-stage', field('stage'), {
      A: stage({ part: ({ id, part }: Customer) => made(part, faults.part(id)) }),
      B: stage({ part }),
      C: stage({ part }),
    })
    .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] })
    .map('checked', (merged) => made(merged, faults.merge(Number((merged as unknown as Customer).id))))
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
