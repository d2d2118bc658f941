import {
  contentBytes,
  encodeHeader,
  headerOf,
  noHeaders,
  type PlainRecord,
  plainRecord,
  recordBatchOf,
  type RecordColumns,
} from '../../kernel/index.ts'

/** A part that is promoted with the current epoch, if it is pending at its end. */
export interface PromotablePart {
  readonly partition: number
  readonly offset: number
  /** Memory that it takes until then. */
  readonly bytes: number
  /** The source record, as a record batch with it alone, without the headers that it came with. */
  readonly encode: () => Uint8Array
}

/** Of promoted records, which have no other: the part that a stage has computed from it. */
const headerName = 'millrace.part'

/** The source record of a row, which the source may drop: a copy. */
export function sourcePart(columns: RecordColumns, row: number): PromotablePart {
  return promotablePart(columns, row, noHeaders)
}

/**
 * The part that a stage has computed from a row, and must not compute twice, with a copy of the row's source record.
 */
export function computedPart(columns: RecordColumns, row: number): PromotablePart {
  const part = columns.extra.bytes.subarray(columns.partStart[row], columns.partEnd[row])
  return promotablePart(columns, row, { headerCount: 1, headers: encodeHeader(headerName, part) })
}

/** Bytes that `computedPart` would have, and its record around them. */
export function computedPartBytes({ recordStart, recordEnd, partStart, partEnd }: RecordColumns, row: number): number {
  return recordEnd[row]! - recordStart[row]! + partEnd[row]! - partStart[row]!
}

function promotablePart(
  columns: RecordColumns,
  row: number,
  headers: Pick<PlainRecord, 'headerCount' | 'headers'>,
): PromotablePart {
  const { partition } = columns
  const offset = columns.offset[row]!
  const timestamp = columns.timestamp[row]!
  const { key, value } = plainRecord(columns, row)
  const record = { key: key && Uint8Array.from(key), value: Uint8Array.from(value!), ...headers }
  return { partition, offset, bytes: contentBytes(record), encode: () => recordBatchOf(offset, timestamp, record) }
}

/** The computed part that a promoted record brings with it, if it does. */
export function computedPartOf(columns: RecordColumns, row: number): Uint8Array | undefined {
  return headerOf(columns, row, headerName)
}
