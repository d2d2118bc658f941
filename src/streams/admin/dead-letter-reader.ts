import {
  headerOf,
  headersOf,
  isOfResult,
  isOfRow,
  originsHeaderName,
  partsFrom,
  readOrigins,
  type RecordColumns,
} from '../../kernel/index.ts'
import { deadLetterHeaders } from '../dead-letters/dead-letter.ts'
import { readRecordPlace, readRecordPlaces } from '../tasks/record-header.ts'
import type { Extent } from '../redrive/extent.ts'
import type { Origin, SourcePartitions } from '../topics/source-partitions.ts'

/** What a dead letter says of itself. */
export interface DeadLetter {
  readonly reason: string
  readonly cause: string
  /** Empty for a result of a window. */
  readonly topic: string
  /** Where the record was; of a row that expired, where its parts were; none of a result of a window. */
  readonly origins: readonly Origin[]
  /** How often it had been redriven when it became this letter; absent where it never was. */
  readonly redriven?: number
}

/** The same with what only those need who deal with where records are. */
export interface ReadLetter {
  readonly letter: DeadLetter
  /** The source of its program that has it: the same topic, or the one that the part of its record was routed through. */
  readonly source: string
  /**
   * Whether the program did not merge that part itself, but had it routed in a layout that it has left: then the letter
   * has the part, and not the record that it names.
   */
  readonly isElsewhere: boolean
  /** Where that has what it is of: the same places, or that of the routed part. */
  readonly inSources: readonly Origin[]
  /** Where the program has consumed that: the same places, or in the topic of redriven letters. */
  readonly consumed: readonly Origin[]
  /** Of routed parts, where what routed them has consumed their records: likewise. Undefined of others. */
  readonly records: readonly Origin[] | undefined
  /** Of which records of a flatMap it is; undefined where there is none, and in letters of versions that did not say. */
  readonly extent: Extent | undefined
  /** Timestamp of the record; undefined where the letter does not say. */
  readonly timestampMs: number | undefined
  /** Headers that are the letter's own. */
  readonly headerCount: number
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
): ReadLetter | undefined {
  const own = ownHeaders(columns, row)
  const reason = own.get(deadLetterHeaders.reason)
  const topic = own.get(deadLetterHeaders.topic)
  const partition = Number(own.get(deadLetterHeaders.partition))
  const offset = Number(own.get(deadLetterHeaders.offset))
  const index = own.get(deadLetterHeaders.index)
  const lane = index === undefined ? {} : { index: Number(index) }
  if (isOfResult(reason)) return ofResult(reason!, own)
  if (reason === undefined || topic === undefined || !isPlace(partition) || !isPlace(offset)) return undefined
  // A record that somebody has merged may have such a header of theirs.
  const parts = isOfRow(reason) ? headerOf(columns, row, originsHeaderName) : undefined
  const ofRow =
    parts && readOrigins(parts)?.flatMap((side) => partsFrom(side).flatMap((part) => partitions.originOf(part) ?? []))
  const redriven = own.get(deadLetterHeaders.redriven)
  const redrive = own.get(deadLetterHeaders.redrive)?.split('/').map(Number)
  const timestamp = own.get(deadLetterHeaders.timestamp)
  const inOwn = own.get(deadLetterHeaders.records)
  const records = inOwn === undefined ? undefined : readRecordPlaces(inOwn)
  const place = { topic, partition, offset, ...lane }
  const origins = ofRow === undefined ? [place] : (records ?? ofRow)
  const routed = placeOfPart(own.get(deadLetterHeaders.routed))
  const isElsewhere = routed !== undefined && partitions.numberOf(routed) === undefined
  const inSources = isElsewhere ? origins : (ofRow ?? [routed ?? place])
  const consumed = isElsewhere
    ? (records ?? origins)
    : ofRow !== undefined || redrive === undefined || partitions.redriveTopic === undefined
      ? inSources
      : [
          {
            topic: partitions.redriveTopic,
            partition: redrive[0]!,
            offset: redrive[1]!,
            ...(routed === undefined && lane),
          },
        ]
  const cause = own.get(deadLetterHeaders.cause) ?? ''
  return {
    letter: { reason, cause, topic, origins, ...(redriven !== undefined && { redriven: Number(redriven) }) },
    source: isElsewhere ? topic : (routed?.topic ?? topic),
    isElsewhere,
    inSources,
    consumed,
    records,
    // Parts of a row have been made.
    extent: ofRow === undefined && !isElsewhere ? extentOf(own.get(deadLetterHeaders.extent)) : 'one',
    timestampMs: timestamp === undefined ? undefined : Number(timestamp),
    headerCount: own.size,
  }
}

/** It names no record. */
function ofResult(reason: string, own: ReadonlyMap<string, string>): ReadLetter {
  const letter = { reason, cause: own.get(deadLetterHeaders.cause) ?? '', topic: '', origins: [] }
  return {
    letter,
    source: '',
    isElsewhere: false,
    inSources: [],
    consumed: [],
    records: undefined,
    extent: undefined,
    timestampMs: undefined,
    headerCount: own.size,
  }
}

/** The letter's own headers as texts: those of its record come before, which may have been a letter as well. */
function ownHeaders(columns: RecordColumns, row: number): Map<string, string> {
  const headers = headersOf(columns, row).map(([name, value]) => [textOf(name), value && textOf(value)] as const)
  const first = headers.findLastIndex(([name]) => name === deadLetterHeaders.reason)
  const own = first < 0 ? [] : headers.slice(first)
  return new Map(own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
}

function placeOfPart(text: string | undefined): Origin | undefined {
  return text === undefined ? undefined : readRecordPlace(Buffer.from(text))
}

function extentOf(text: string | undefined): Extent | undefined {
  return text === 'one' || text === 'rest' ? text : undefined
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

function isPlace(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0
}
