import { headerOf, readRoutedPlace, type RecordColumns } from '../../kernel/index.ts'
import type { Origin, SourcePartitions } from '../topics/source-partitions.ts'
import { readRecordPlace, recordHeader } from './record-header.ts'

/** Where the record is that a routed part was made from. */
export interface RecordOfPart {
  /** In its source. */
  readonly origin: Origin
  /** Where what routes has consumed it: the same place, or one in its topic of redriven letters. */
  readonly consumed: Origin
}

/**
 * Reads from a routed part where its record is; undefined of a row that is none.
 *
 * @param records - The partitions that what routes has consumed.
 */
export function recordOfPart(
  columns: RecordColumns,
  row: number,
  records: Pick<SourcePartitions, 'originOf'>,
): RecordOfPart | undefined {
  const place = readRoutedPlace(columns, row)
  const consumed = place && records.originOf(place)
  if (consumed === undefined) return undefined
  const redriven = headerOf(columns, row, recordHeader)
  return { consumed, origin: redriven === undefined ? consumed : readRecordPlace(redriven) }
}
