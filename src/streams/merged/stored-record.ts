import { type HandedRecord, type PendingRow, varintLength, writeVarint } from '../../kernel/index.ts'
import { partialRecord, timestampsOf } from '../expiry/partial-record.ts'
import type { MergedNames } from '../topology/merged-names.ts'

/** The merged record of a row all of whose parts are in the table, as the table writes those of others. */
export function storedRecord(names: MergedNames, row: PendingRow): HandedRecord {
  const { key, value, headers } = partialRecord(names, row, true)
  const [{ partition, offset }] = row.parts as [PendingRow['parts'][number]]
  const headersStart = key!.length + value!.length
  const carriedStart = headersStart + oneHeader.length + headers.length
  const { carried = none } = row.parts.find((part) => part.carried !== undefined) ?? {}
  return {
    bytes: Buffer.concat([key!, value!, oneHeader, headers, carried]),
    keyStart: 0,
    valueStart: key!.length,
    headersStart,
    carriedStart,
    end: carriedStart + carried.length,
    ...timestampsOf(row),
    partition,
    offset,
  }
}

const none = new Uint8Array(0)

/** How headers begin of which there is one. */
export const oneHeader: Buffer = Buffer.alloc(varintLength(1))
writeVarint(oneHeader, 0, 1)
