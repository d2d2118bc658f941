import type { RecordColumns } from '../kernel/index.ts'
import type { RecordOrigin } from './stage.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses the value of a row, for a user's function. Throws what `JSON.parse` or the decoder throws. */
export function parseValue(columns: RecordColumns, row: number): unknown {
  return JSON.parse(strictUtf8.decode(columns.bytes.subarray(columns.valueStart[row], columns.valueEnd[row])))
}

export function originOf(columns: RecordColumns, row: number, topic: string): RecordOrigin {
  return {
    topic,
    partition: columns.partition,
    offset: BigInt(columns.offset[row]!),
    timestampMs: columns.timestamp[row]!,
  }
}
