import {
  encodeHeader,
  headerOf,
  noHeaders,
  plainRecord,
  recordBatchOf,
  type RecordColumns,
} from '../../kernel/index.ts'

/** A part that must not be made twice: it is promoted with the epoch in which it came, if it waits at its end. */
export interface MadePart {
  readonly partition: number
  readonly offset: number
  /** Memory that it takes until then. */
  readonly bytes: number
  /** As `promotedBatch` returns it. */
  readonly encode: () => Uint8Array
}

/** Of promoted records, which have no other: the part that a stage has made of it. */
const headerName = 'millrace.part'

/**
 * The source record of a row as it is promoted: a record batch with it alone, as the source would give it but for its
 * headers, of which nobody who makes a part knows.
 */
export function promotedBatch(columns: RecordColumns, row: number): Uint8Array {
  return recordBatchOf(columns.offset[row]!, columns.timestamp[row]!, { ...plainRecord(columns, row), ...noHeaders })
}

/** The part that a stage has made of a row, with a copy of its source record. */
export function madePart(columns: RecordColumns, row: number): MadePart {
  const { partition, extra } = columns
  const offset = columns.offset[row]!
  const timestamp = columns.timestamp[row]!
  const { key, value } = plainRecord(columns, row)
  const part = extra.bytes.subarray(columns.partStart[row], columns.partEnd[row])
  const record = {
    key: key && Uint8Array.from(key),
    value: Uint8Array.from(value!),
    headerCount: 1,
    headers: encodeHeader(headerName, part),
  }
  const bytes = (record.key?.length ?? 0) + record.value.length + record.headers.length
  return { partition, offset, bytes, encode: () => recordBatchOf(offset, timestamp, record) }
}

/** The part that a promoted record brings with it, if it does. */
export function madePartOf(columns: RecordColumns, row: number): Uint8Array | undefined {
  return headerOf(columns, row, headerName)
}
