import {
  contentBytes,
  encodeHeader,
  headerOf,
  headersWithout,
  noHeaders,
  type PlainRecord,
  plainRecord,
  recordBatchOf,
  type RecordColumns,
} from '../../kernel/index.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import { carriesTraces, type TraceWishes } from '../tracing/carried-contexts.ts'
import { computedPartHeader } from './computed-part-header.ts'

/** A part that is promoted with the current epoch, if it is pending at its end. */
export interface PromotablePart {
  readonly partition: number
  readonly offset: number
  /** Memory that it takes until then. */
  readonly bytes: number
  /** The source record, as a record batch with it alone. */
  readonly encode: () => Uint8Array
}

type Headers = Pick<PlainRecord, 'headerCount' | 'headers'>

/** What may look at the headers of a record. */
export interface PromotionWishes extends TraceWishes {
  readonly plan: Pick<Plan, 'sources' | 'sides' | 'sinks'>
}

/** Whether the headers of records are needed to make their parts again; else they are dropped. */
export function needsHeaders(wishes: PromotionWishes): boolean {
  const { sources, sides } = wishes.plan
  const keys = ['header', 'keyFunction']
  return (
    carriesTraces(wishes) ||
    sources.some(looksAtHeaders) ||
    sides.some(({ key, stage }) => keys.includes(key.kind) || (typeof stage.part === 'function' && stage.deterministic))
  )
}

/** A function sees the headers of its record; a registry may have put its id there. */
function looksAtHeaders({ decode, steps, route: { by } }: PlannedSource): boolean {
  return decode !== undefined || steps.length > 0 || typeof by === 'function' || by?.kind === 'header'
}

/** The source record of a row, which the source may drop: a copy. */
export function sourcePart(columns: RecordColumns, row: number, withHeaders: boolean): PromotablePart {
  return promotablePart(columns, row, { ...plainRecord(columns, row), ...ownHeaders(columns, row, withHeaders) })
}

/**
 * The part that a stage has computed from a row, and must not compute twice, with a copy of the row's source record.
 */
export function computedPart(columns: RecordColumns, row: number, withHeaders: boolean): PromotablePart {
  const { headerCount, headers } = ownHeaders(columns, row, withHeaders)
  const part = columns.extra.bytes.subarray(columns.partStart[row], columns.partEnd[row])
  const computed = encodeHeader(computedPartHeader, part)
  return promotablePart(columns, row, {
    ...plainRecord(columns, row),
    headerCount: headerCount + 1,
    headers: Buffer.concat([headers, computed]),
  })
}

/** Bytes that `computedPart` would have, and its record around them. */
export function computedPartBytes({ recordStart, recordEnd, partStart, partEnd }: RecordColumns, row: number): number {
  return recordEnd[row]! - recordStart[row]! + partEnd[row]! - partStart[row]!
}

/** The headers that a row came with, a copy, where they are wanted. */
export function ownHeaders(columns: RecordColumns, row: number, withHeaders: boolean): Headers {
  if (!withHeaders) return noHeaders
  const { headerCount, headers } = headersWithout(columns, row, computedPartHeader)
  return { headerCount, headers: Uint8Array.from(headers) }
}

/** What is promoted of a row; key and value of what is given are copied, its headers are not. */
export function promotablePart(columns: RecordColumns, row: number, content: PlainRecord): PromotablePart {
  const partition = columns.numberOf(row)
  const offset = columns.offset[row]!
  const timestamp = columns.timestamp[row]!
  const { key, value } = content
  const record = { ...content, key: key && Uint8Array.from(key), value: value && Uint8Array.from(value) }
  return { partition, offset, bytes: contentBytes(record), encode: () => recordBatchOf(offset, timestamp, record) }
}

/** The computed part that a promoted record brings with it, if it does. */
export function computedPartOf(columns: RecordColumns, row: number): Uint8Array | undefined {
  return headerOf(columns, row, computedPartHeader)
}
