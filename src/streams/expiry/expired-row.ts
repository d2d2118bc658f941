import { partitionForKey } from '../../kafka/index.ts'
import {
  contentBytes,
  encodeHeader,
  originsHeaderName,
  type OutputBuilder,
  varintLength,
  type PendingRow,
  writePlainRecord,
  writeVarint,
} from '../../kernel/index.ts'
import type { DeadLetterEncoder } from '../dead-letters/dead-letter.ts'
import { type MergedNames, mergedNames } from '../topology/merged-names.ts'
import type { Plan } from '../topology/plan.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'

/** A topic for expired rows, and what it takes. */
interface ExpiredSink {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: TimestampWindow
}

/**
 * Writes what has come of a merged record: `{"<key name>":<key>,"<side>":<part>,…}` with the sides that are there, in
 * declared order, the key in the spelling of the first of them. It goes to the sink of expired rows, keyed and
 * partitioned as a merged record would be; without one, or where that one does not take its size or its timestamp, to
 * the dead letters. Its timestamp is the greatest of its parts', and it has the header `millrace.origins`, as merged
 * records do.
 */
export class ExpiredRowEncoder {
  readonly #names: MergedNames
  readonly #sink: ExpiredSink | undefined
  readonly #deadLetters: DeadLetterEncoder

  constructor(plan: Pick<Plan, 'correlate' | 'sides'>, sink: ExpiredSink | undefined, deadLetters: DeadLetterEncoder) {
    this.#names = mergedNames(plan)
    this.#sink = sink
    this.#deadLetters = deadLetters
  }

  encode(row: PendingRow): void {
    const { key, spelling, parts } = row
    const { keyName, sideNames } = this.#names
    const pieces = [openBrace, keyName, colon, spelling]
    for (const { side, bytes } of parts) pieces.push(comma, sideNames[side]!, colon, bytes)
    const value = Buffer.concat([...pieces, closeBrace])
    const record = { key, value, headerCount: 1, headers: originsHeader(parts, sideNames.length) }
    const timestamp = Math.max(...parts.map((part) => part.timestamp))
    const sink = this.#sink
    if (sink === undefined || contentBytes(record) > sink.recordBytesMax || !sink.times.takes(timestamp)) {
      return this.#deadLetters.encodeExpired(record, parts[0]!, timestamp)
    }
    writePlainRecord(sink.out, partitionForKey(key, sink.out.partitionCount), timestamp, record)
  }
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
