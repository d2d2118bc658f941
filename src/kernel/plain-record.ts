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

export const noHeaders = { headerCount: 0, headers: new Uint8Array(0) } as const

/** A header as it stands in a record: name and value, each behind its length. */
export function header(name: string, value: Uint8Array): Uint8Array {
  const nameBytes = Buffer.from(name)
  const bytes = Buffer.alloc(nameBytes.length + value.length + 10)
  let at = writeVarint(bytes, 0, nameBytes.length)
  bytes.set(nameBytes, at)
  at = writeVarint(bytes, at + nameBytes.length, value.length)
  bytes.set(value, at)
  return bytes.subarray(0, at + value.length)
}

/** The record of a row: the columns keep only where it lies. */
export function plainRecord({ bytes, recordStart, recordEnd }: RecordColumns, row: number): PlainRecord {
  let at = recordStart[row]! + 1
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }
  // Timestamp and offset.
  varint()
  varint()
  const keyLength = varint()
  const keyStart = at
  at += Math.max(0, keyLength)
  const valueLength = varint()
  const valueStart = at
  at += Math.max(0, valueLength)
  const headerCount = varint()
  return {
    key: keyLength < 0 ? undefined : bytes.subarray(keyStart, keyStart + keyLength),
    value: valueLength < 0 ? undefined : bytes.subarray(valueStart, valueStart + valueLength),
    headerCount,
    headers: bytes.subarray(at, recordEnd[row]),
  }
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
