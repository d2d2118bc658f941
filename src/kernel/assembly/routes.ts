/**
 * Writes the part of each row to the partition of its merge key, where the table would take it in; `../routed-part.ts`
 * says how it looks there.
 */
import { placeBits, placeOfNumber, placeOfRespelled } from '../constants/routed'
import {
  carriedAt,
  carriedLengthAt,
  isRespelledAt,
  keyAt,
  keyIsNumberAt,
  keyLengthAt,
  offsetAt,
  partAt,
  partitionAt,
  partLengthAt,
  setReason,
  sideAt,
  timestampAt,
} from './columns'
import { copyOver } from './copy'
import { isTaken, literals, murmur2, NO_MEMORY } from './merge'
import { beginRecord, endRecord, hasSpace, varintLength, writeVarint } from './output'
import { ownSpellingLength, writeOwnSpelling } from './spelling'
import { outputRoom, recordBytesMax, refusedTimeReason, tooLargeReason } from './state'

/** Side and place. */
const ownHeaders: u32 = 2

/**
 * Writes the current rows that have a side; those that the topic does not take lose it. Returns how many rows were dealt
 * with: fewer than `count` when there is no memory for the next, or no room for output is left.
 *
 * @param first - The open batch of partition 0 of the topic.
 * @param partitions - Of the topic.
 */
export function route(count: u32, first: u32, partitions: u32): u32 {
  for (let row: u32 = 0; row < count; row++) {
    if (sideAt(row) < 0) continue
    if (outputRoom == 0) return row
    const outcome = routeRow(row, first, partitions)
    if (outcome == NO_MEMORY) return row
    if (outcome != 0) setReason(row, outcome)
  }
  return count
}

/** Returns the reason why the topic does not take the row; 0 where it does. */
function routeRow(row: u32, first: u32, partitions: u32): i32 {
  const timestamp = timestampAt(row)
  if (!isTaken(timestamp)) return refusedTimeReason
  const keyLength = ownSpellingLength(row)
  const partLength = partLengthAt(row)
  const place = placeAt(row)
  const placeLength = varintLength(place) + varintLength(offsetAt(row))
  const literal = literals + (sideAt(row) << 3)
  const carriedLength = carriedLengthAt(row)
  const headersLength =
    (carriedLength == 0 ? 1 : carriedLength) + load<u32>(literal, 4) + varintLength(placeLength) + placeLength
  if (keyLength + partLength + headersLength > recordBytesMax) return tooLargeReason
  if (!hasSpace(keyLength + partLength + headersLength)) return NO_MEMORY

  const partition = first + ((murmur2(keyAt(row), keyLengthAt(row)) & 0x7fffffff) % partitions)
  let to = writeOwnSpelling(beginRecord(partition, timestamp, keyLength, partLength, headersLength), row)
  to = copyOver(writeVarint(to, partLength), partAt(row), partLength)
  to = carriedLength == 0 ? writeVarint(to, ownHeaders) : copyOver(to, carriedAt(row), carriedLength)
  to = copyOver(to, load<u32>(literal), load<u32>(literal, 4))
  endRecord(partition, writeVarint(writeVarint(writeVarint(to, placeLength), place), offsetAt(row)))
  return 0
}

/** The number of the source partition, with what the key is. */
function placeAt(row: u32): u32 {
  const flags = (keyIsNumberAt(row) ? placeOfNumber : 0) | (isRespelledAt(row) ? placeOfRespelled : 0)
  return (partitionAt(row) << placeBits) | flags
}
