import {
  contentBytes,
  deadLetterReasons,
  encodeHeader,
  headerOf,
  headersWithout,
  type OutputBuilder,
  type PlainRecord,
  plainRecord,
  readRoutedPlace,
  Reason,
  type RecordColumns,
  rowFlags,
  type StoredPart,
  writePlainRecord,
} from '../../kernel/index.ts'
import type { Extent } from '../redrive/extent.ts'
import { letterHeader } from '../redrive/letter-header.ts'
import type { RedrivenLetters } from '../redrive/redriven-letters.ts'
import { readRecordPlace, recordHeader } from '../tasks/record-header.ts'
import type { Origin, SourcePartitions } from '../topics/source-partitions.ts'
import type { CauseOf } from './dead-letter-cause.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'

/** What a dead letter says of itself, in headers after those of the record. Values are text. */
export const deadLetterHeaders = {
  reason: 'millrace.reason',
  cause: 'millrace.cause',
  topic: 'millrace.topic',
  partition: 'millrace.partition',
  offset: 'millrace.offset',
  /** Which of the records that a flatMap has made of the one there; absent where there is no flatMap. */
  index: 'millrace.index',
  /**
   * `one` where it is of that record, `rest` where it is of all from that one on, because the record died before the
   * flatMap had made them.
   */
  extent: 'millrace.extent',
  /** The timestamp of the record, in milliseconds since 1970: that of the letter may be the time of its death. */
  timestamp: 'millrace.timestamp',
  /** How often the record has been redriven, and where it was read from for the last time: `partition/offset`. */
  redriven: 'millrace.redriven',
  redrive: 'millrace.redrive',
  /** Where the routed part was that became the letter, whose record is named above: `topic/partition/offset`. */
  routed: 'millrace.routed',
} as const

const causeCharactersMax = 1_000
/** What a character takes at most in UTF-8, and so how long a cause may be in a topic that takes no more. */
const characterBytesMax = 3
/** What the other headers take, and the frames of all. */
const headersBytesMax = 512

export interface DeadLetterOptions {
  /** Where the records come from. */
  readonly sources: DeadLetterSources
  /** What the topic of dead letters takes. */
  readonly recordBytesMax: number
  readonly times: TimestampWindow
  readonly causeOf: CauseOf
  /** Called with the number of the reason of each. */
  readonly onWritten: (reason: number, letter: WrittenLetter) => void
}

export interface DeadLetterSources {
  readonly partitions: Pick<SourcePartitions, 'placeOf'>
  readonly redriven: Pick<RedrivenLetters, 'at'>
  /** Where the records are from which routed parts were made; absent where no parts are read. */
  readonly recordsOfParts?: Pick<SourcePartitions, 'originOf'> | undefined
}

/** Which record a dead letter is of, and why. */
export interface WrittenLetter extends Partial<Origin> {
  readonly cause: string
}

/**
 * Writes dead letters: the record with its key, value and headers as it came, at its own partition number where there
 * is one, and headers that say why it is here and where it was. A record larger than the topic takes, or one that
 * kills, goes by reference, as these headers alone. One that was redriven is as it was in its source. A timestamp that the topic does not take becomes the nearest one
 * that it does.
 */
export class DeadLetterEncoder {
  readonly #out: OutputBuilder
  readonly #sources: DeadLetterSources
  readonly #recordBytesMax: number
  readonly #times: TimestampWindow
  readonly #causeCharactersMax: number
  readonly #causeOf: CauseOf
  readonly #onWritten: DeadLetterOptions['onWritten']

  constructor(out: OutputBuilder, { sources, recordBytesMax, times, causeOf, onWritten }: DeadLetterOptions) {
    this.#out = out
    this.#sources = sources
    this.#causeOf = causeOf
    this.#onWritten = onWritten
    this.#recordBytesMax = recordBytesMax
    this.#times = times
    const fitting = Math.floor((recordBytesMax - headersBytesMax) / characterBytesMax)
    this.#causeCharactersMax = Math.min(causeCharactersMax, fitting)
  }

  /** Writes the record of a row that has a reason. */
  encode(columns: RecordColumns, row: number): void {
    const { offset, timestamp } = columns
    const reason = columns.reason[row]!
    const record = recordInSource(columns, row)
    const isUnmade = (columns.flags[row]! & rowFlags.unmade) !== 0
    const place = this.#placeOf(columns.numberOf(row), offset[row]!, isUnmade)
    const named = this.#recordOfPart(columns, row, place) ?? place
    const added = this.#headers(reason, named, this.#causeOf(columns, row), timestamp[row]!)
    const whole = withHeaders(record, added)
    const isWhole = contentBytes(whole) <= this.#recordBytesMax && reason !== Reason.PROCESS_KILLED
    this.#write(place, timestamp[row]!, isWhole ? whole : reference(added))
  }

  /** Writes a reference to a part that was stored before: its record is where the headers say. */
  encodeReference(
    part: Pick<StoredPart, 'partition' | 'offset'>,
    reason: number,
    timestamp: number,
    cause?: string,
  ): void {
    const place = this.#placeOf(part.partition, part.offset)
    const headers = this.#headers(reason, place, cause ?? deadLetterReasons[reason]!.text)
    this.#write(place, timestamp, reference(headers))
  }

  /**
   * Writes the parts of a row that leaves incomplete. It is named by its first part.
   *
   * @param plain - The same with the headers that are there also where the topic does not take all of it.
   */
  encodeRow(record: PlainRecord, plain: PlainRecord, reason: number, first: StoredPart, timestamp: number): void {
    const place = this.#placeOf(first.partition, first.offset)
    const added = this.#headers(reason, place, deadLetterReasons[reason]!.text)
    const whole = withHeaders(record, added)
    const isWhole = contentBytes(whole) <= this.#recordBytesMax
    const letter = isWhole ? whole : { ...withHeaders(plain, added), key: undefined, value: undefined }
    this.#write(place, timestamp, letter)
  }

  /** Writes a result of a window, which names no record. @param partition - Where it would be in a topic of as many. */
  encodeResult(record: PlainRecord, reason: number, cause: string, timestamp: number, partition: number): void {
    this.#onWritten(reason, { cause })
    const added = encodeTexts([
      [deadLetterHeaders.reason, deadLetterReasons[reason]!.name],
      [deadLetterHeaders.cause, cause.slice(0, this.#causeCharactersMax)],
    ])
    const whole = withHeaders(record, added)
    const isWhole = contentBytes(whole) <= this.#recordBytesMax
    this.#write({ partition }, timestamp, isWhole ? whole : { ...whole, key: undefined, value: undefined })
  }

  /** The number of partitions that dead letters have. */
  get partitionCount(): number {
    return this.#out.partitionCount
  }

  /** The source may have been given more partitions than its dead letters have; their headers name the true one. */
  #write({ partition }: Pick<Place, 'partition'>, timestamp: number, letter: PlainRecord): void {
    writePlainRecord(this.#out, partition % this.#out.partitionCount, this.#times.nearest(timestamp), letter)
  }

  /** The headers of a dead letter that is being written, of which is told. */
  #headers(reason: number, place: Place, cause: string, timestamp?: number): Headers {
    const { topic, partition, index, extent, offset, redriven, redrive, routed } = place
    this.#onWritten(reason, { topic, partition, offset, cause })
    return encodeTexts([
      [deadLetterHeaders.reason, deadLetterReasons[reason]!.name],
      [deadLetterHeaders.cause, cause.slice(0, this.#causeCharactersMax)],
      [deadLetterHeaders.topic, topic],
      [deadLetterHeaders.partition, String(partition)],
      [deadLetterHeaders.offset, String(offset)],
      [deadLetterHeaders.index, index?.toString()],
      [deadLetterHeaders.extent, extent],
      [deadLetterHeaders.timestamp, timestamp?.toString()],
      [deadLetterHeaders.redriven, redriven?.toString()],
      [deadLetterHeaders.redrive, redrive],
      [deadLetterHeaders.routed, routed],
    ])
  }

  /** The record of a source that a routed part was made from; undefined where the row is no such part. */
  #recordOfPart(
    columns: RecordColumns,
    row: number,
    { topic, partition, offset, ...redriven }: Place,
  ): Place | undefined {
    const { recordsOfParts } = this.#sources
    const record = recordsOfParts && readRoutedPlace(columns, row)
    if (record === undefined) return undefined
    const redrivenRecord = headerOf(columns, row, recordHeader)
    const origin = redrivenRecord === undefined ? recordsOfParts!.originOf(record) : readRecordPlace(redrivenRecord)
    return origin && { ...redriven, ...origin, routed: `${topic}/${partition}/${offset}` }
  }

  /** @param isUnmade - Whether it died before a flatMap had made anything of it. @defaultValue false */
  #placeOf(number: number, offset: number, isUnmade = false): Place {
    const { partitions, redriven } = this.#sources
    const { index, ...place } = partitions.placeOf(number)
    const letter = redriven.at(number, offset)
    // A letter of one record stays that, also where it dies earlier than before.
    const extent = isUnmade && letter?.extent !== 'one' ? ('rest' as const) : ('one' as const)
    const lane = index === undefined ? {} : { index, extent }
    if (letter === undefined) return { ...place, ...lane, offset }
    return { ...letter, ...lane, redrive: `${place.partition}/${offset}` }
  }
}

/** Where a record was in its source, and what is to be said of one that was redriven, or of whose part a letter is. */
interface Place extends Origin {
  /** Only where there is an index. */
  readonly extent?: Extent
  readonly redriven?: number
  readonly redrive?: string
  readonly routed?: string
}

type Headers = Pick<PlainRecord, 'headerCount' | 'headers'>

/** The record of a row; one that was redriven without what it has got for that. */
function recordInSource(columns: RecordColumns, row: number): PlainRecord {
  const record = plainRecord(columns, row)
  return columns.origins === undefined ? record : { ...record, ...headersWithout(columns, row, letterHeader) }
}

function withHeaders(record: PlainRecord, { headerCount, headers }: Headers): PlainRecord {
  return {
    ...record,
    headerCount: record.headerCount + headerCount,
    headers: Buffer.concat([record.headers, headers]),
  }
}

function encodeTexts(texts: readonly (readonly [name: string, text: string | undefined])[]): Headers {
  const headers = texts.flatMap(([name, text]) => (text === undefined ? [] : [encodeHeader(name, Buffer.from(text))]))
  return { headerCount: headers.length, headers: Buffer.concat(headers) }
}

/** A record that is nothing but what its headers say. */
function reference(headers: Headers): PlainRecord {
  return { key: undefined, value: undefined, ...headers }
}
