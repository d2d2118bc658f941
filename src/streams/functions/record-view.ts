import type { RecordColumns } from '../../kernel/index.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { RecordOrigin } from '../topology/stage.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses the value of a row, for a user's function. Throws what `JSON.parse` or the decoder throws. */
export function parseValue(columns: RecordColumns, row: number): unknown {
  return JSON.parse(textOfValue(columns, row))
}

/** The text of the value of a row. Throws where it is no UTF-8. */
export function textOfValue({ bytes, valueStart, valueEnd }: RecordColumns, row: number): string {
  return strictUtf8.decode(bytes.subarray(valueStart[row], valueEnd[row]))
}

export function originOf(columns: RecordColumns, row: number, { topic, partition }: PartitionPlace): RecordOrigin {
  return {
    topic,
    partition,
    offset: BigInt(columns.offset[row]!),
    timestampMs: columns.timestamp[row]!,
  }
}
