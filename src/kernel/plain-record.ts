import { ByteCursor } from './byte-cursor.ts'
import type { RecordColumns } from './columns.ts'
import { varintLength, writeVarint } from './output-batch.ts'
import type { OutputBuilder } from './output-builder.ts'

/** A record as an object, for those that are few. */
export interface PlainRecord {
  readonly key: Uint8Array | undefined
  readonly value: Uint8Array | undefined
  readonly headerCount: number
  /** As they stand in the record, without their count. */
  readonly headers: Uint8Array
}

/** Of a record that bears no time. A broker that does not stamp it keeps it like this, and takes it at any time. */
export const noTimestamp = -1

export const noHeaders = { headerCount: 0, headers: new Uint8Array(0) } as const

/** Bytes of a record without what stands around its fields. */
export function contentBytes({ key, value, headers }: PlainRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + headers.length
}

/** The record of a row: the columns keep only where it lies. */
export function plainRecord({ bytes, recordStart, recordEnd }: RecordColumns, row: number): PlainRecord {
  // After the attributes.
  const cursor = new ByteCursor(bytes, recordStart[row]! + 1, recordEnd[row])
  // Timestamp and offset.
  cursor.varint()
  cursor.varint()
  return { key: cursor.sized(), value: cursor.sized(), headerCount: cursor.varint(), headers: cursor.rest() }
}

/** Appends a record to the batch of a partition. */
export function writePlainRecord(out: OutputBuilder, partition: number, timestamp: number, record: PlainRecord): void {
  const { key, value, headerCount, headers } = record
  const headersLength = varintLength(headerCount) + headers.length
  const batch = out.begin(partition, timestamp, key?.length ?? -1, value?.length ?? -1, headersLength)
  const { bytes } = batch
  let at = batch.position
  if (key !== undefined) bytes.set(key, at)
  at = writeVarint(bytes, at + (key?.length ?? 0), value?.length ?? -1)
  if (value !== undefined) bytes.set(value, at)
  at = writeVarint(bytes, at + (value?.length ?? 0), headerCount)
  bytes.set(headers, at)
  batch.position = at + headers.length
}
