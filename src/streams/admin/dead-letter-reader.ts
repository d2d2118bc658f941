import { headerOf, isOfRow, originsHeaderName, partsFrom, readOrigins, type RecordColumns } from '../../kernel/index.ts'
import { deadLetterHeaders } from '../dead-letters/dead-letter.ts'
import type { Origin, SourcePartitions } from '../topics/source-partitions.ts'

/** What a dead letter says of itself. */
export interface DeadLetter {
  readonly reason: string
  readonly cause: string
  readonly topic: string
  /** Where the record was; of a row that expired, where its parts were. */
  readonly origins: readonly Origin[]
}

/**
 * Reads the headers of a dead letter; undefined for any other record.
 *
 * @param partitions - Those of the application that has written it.
 */
export function readDeadLetter(
  columns: RecordColumns,
  row: number,
  partitions: SourcePartitions,
): DeadLetter | undefined {
  const text = (name: string) => {
    const value = headerOf(columns, row, name)
    return value && Buffer.from(value).toString()
  }
  const reason = text(deadLetterHeaders.reason)
  const topic = text(deadLetterHeaders.topic)
  const partition = Number(text(deadLetterHeaders.partition))
  const offset = Number(text(deadLetterHeaders.offset))
  const index = text(deadLetterHeaders.index)
  if (reason === undefined || topic === undefined || !isPlace(partition) || !isPlace(offset)) return undefined
  // A record that somebody has merged may have such a header of theirs.
  const parts = isOfRow(reason) ? headerOf(columns, row, originsHeaderName) : undefined
  const origins =
    parts && readOrigins(parts)?.flatMap((side) => partsFrom(side).flatMap((part) => partitions.originOf(part) ?? []))
  return {
    reason,
    cause: text(deadLetterHeaders.cause) ?? '',
    topic,
    origins: origins ?? [{ topic, partition, offset, ...(index !== undefined && { index: Number(index) }) }],
  }
}

function isPlace(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0
}
