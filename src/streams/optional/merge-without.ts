import { partitionForKey } from '../../kafka/index.ts'
import { contentBytes, type OutputBuilder, Reason, type PendingRow, writePlainRecord } from '../../kernel/index.ts'
import { partialRecord, timestampOf } from '../expiry/partial-record.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'
import type { MergedNames } from '../topology/merged-names.ts'

export interface MergedSink {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: TimestampWindow
}

/**
 * Writes merged records without the optional sides that have not come, else as the table writes whole ones.
 *
 * @returns 0, or the dead-letter code of the parts where the sink does not take the record.
 */
export function mergeWithout(names: MergedNames, sink: MergedSink): (row: PendingRow) => number {
  const { out, recordBytesMax, times } = sink
  return (row) => {
    const record = partialRecord(names, row)
    const timestamp = timestampOf(row)
    if (contentBytes(record) > recordBytesMax) return Reason.MERGE_TOO_LARGE
    if (!times.takes(timestamp)) return Reason.MERGE_TIMESTAMP_REFUSED
    writePlainRecord(out, partitionForKey(row.key, out.partitionCount), timestamp, record)
    return Reason.OK
  }
}
