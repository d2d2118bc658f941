import {
  encodeHeader,
  encodeOrigins,
  noTimestamp,
  originsHeaderName,
  type PendingRow,
  type PlainRecord,
} from '../../kernel/index.ts'
import type { MergedNames } from '../topology/merged-names.ts'

/**
 * A record of the parts that a row has, without the sides that have not come: `{"<key name>":<key>,"<side>":<part>,…}`
 * in declared order, a list as `[<part>,…]`, the key in the spelling of the first part, with the header
 * `millrace.origins`. In a merge all lists are there.
 */
export function partialRecord(names: MergedNames, row: PendingRow, isMerge: boolean): PlainRecord {
  const { keyName, sideNames, isList } = names
  const { key, spelling, parts } = row
  const bySide = sideNames.map((_, side) => parts.filter((part) => part.side === side))
  const pieces = [openBrace, keyName, colon, spelling]
  for (const [side, ofSide] of bySide.entries()) {
    if (ofSide.length === 0 && !(isMerge && isList[side])) continue
    pieces.push(comma, sideNames[side]!, colon)
    const values = ofSide.flatMap(({ bytes }, at) => (at === 0 ? [bytes] : [comma, bytes]))
    pieces.push(...(isList[side] ? [openBracket, ...values, closeBracket] : values))
  }
  const value = Buffer.concat([...pieces, closeBrace])
  const origins = bySide.map((ofSide, side) => (isList[side] ? { isWhole: isMerge, parts: ofSide } : ofSide[0]))
  return { key, value, headerCount: 1, headers: encodeHeader(originsHeaderName, encodeOrigins(origins)) }
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

const openBrace = Buffer.from('{')
const closeBrace = Buffer.from('}')
const openBracket = Buffer.from('[')
const closeBracket = Buffer.from(']')
const colon = Buffer.from(':')
const comma = Buffer.from(',')
