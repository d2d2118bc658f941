import {
  encodeHeader,
  noTimestamp,
  originsHeaderName,
  type PlainRecord,
  varintLength,
  type PendingRow,
  writeVarint,
} from '../../kernel/index.ts'
import type { MergedNames } from '../topology/merged-names.ts'

/**
 * A record of the parts that a row has, without the sides that have not come: `{"<key name>":<key>,"<side>":<part>,…}`
 * in declared order, the key in the spelling of the first of them, with the header `millrace.origins`.
 */
export function partialRecord({ keyName, sideNames }: MergedNames, { key, spelling, parts }: PendingRow): PlainRecord {
  const pieces = [openBrace, keyName, colon, spelling]
  for (const { side, bytes } of parts) pieces.push(comma, sideNames[side]!, colon, bytes)
  const value = Buffer.concat([...pieces, closeBrace])
  return { key, value, headerCount: 1, headers: originsHeader(parts, sideNames.length) }
}

/** The greatest timestamp of the parts, which their record has. */
export function timestampOf({ parts }: PendingRow): number {
  return Math.max(...parts.map((part) => part.timestamp))
}

/** The greatest and the least timestamp of the parts, of those that bear one. */
export function timestampsOf(row: PendingRow): { greatestMs: number; leastMs: number } {
  const greatestMs = timestampOf(row)
  const borne = row.parts.map(({ timestamp }) => timestamp).filter((timestamp) => timestamp !== noTimestamp)
  return { greatestMs, leastMs: Math.min(greatestMs, ...borne) }
}

/** Of a side that has no part, -1 and -1. */
function originsHeader(parts: PendingRow['parts'], sideCount: number): Uint8Array {
  const places = Array.from({ length: sideCount }, (_, side) => {
    const { partition, offset } = parts.find((part) => part.side === side) ?? { partition: -1, offset: -1 }
    return [partition, offset]
  }).flat()
  const value = Buffer.alloc(places.reduce((sum, place) => sum + varintLength(place), 0))
  places.reduce((at, place) => writeVarint(value, at, place), 0)
  return encodeHeader(originsHeaderName, value)
}

const openBrace = Buffer.from('{')
const closeBrace = Buffer.from('}')
const colon = Buffer.from(':')
const comma = Buffer.from(',')
