import { headerOf, type Origin, originsHeaderName, readOrigins, type RecordColumns } from '../../kernel/index.ts'
import { deadLetterHeaders } from '../dead-letter.ts'

/** What a dead letter says of itself. */
export interface DeadLetter {
  readonly reason: string
  readonly cause: string
  /** Where the record was. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Of an expired row, all its parts; of any other letter, its own record. */
  readonly parts: readonly Origin[]
}

/** Reads the headers of a dead letter; undefined for any other record. */
export function readDeadLetter(columns: RecordColumns, row: number): DeadLetter | undefined {
  const text = (name: string) => {
    const value = headerOf(columns, row, name)
    return value && Buffer.from(value).toString()
  }
  const reason = text(deadLetterHeaders.reason)
  const topic = text(deadLetterHeaders.topic)
  const partition = Number(text(deadLetterHeaders.partition))
  const offset = Number(text(deadLetterHeaders.offset))
  if (reason === undefined || topic === undefined || !isPlace(partition) || !isPlace(offset)) return undefined
  const origins = reason === 'EXPIRED' ? headerOf(columns, row, originsHeaderName) : undefined
  const parts = (origins && readOrigins(origins))?.filter((origin) => origin !== undefined)
  const cause = text(deadLetterHeaders.cause) ?? ''
  return { reason, cause, topic, partition, offset, parts: parts ?? [{ partition, offset }] }
}

function isPlace(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0
}
