import {
  contentBytes,
  deadLetterReasons,
  encodeHeader,
  headersWithout,
  type OutputBuilder,
  type PlainRecord,
  plainRecord,
  Reason,
  type RecordColumns,
  rowFlags,
  writePlainRecord,
} from '../../kernel/index.ts'
import type { Extent } from '../redrive/extent.ts'
import { letterHeader } from '../redrive/letter-header.ts'
import type { RedrivenLetters } from '../redrive/redriven-letters.ts'
import { copyOf } from '../redrive/source-records.ts'
import { encodeRecordPlaces } from '../tasks/record-header.ts'
import { type RecordOfPart, recordOfPart } from '../tasks/record-of-part.ts'
import type { Origin, SourcePartitions } from '../topics/source-partitions.ts'
import type { CauseOf } from './dead-letter-cause.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'
import type { LetterPart, RecordOf, WaitingLetters } from './waiting-letters.ts'

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
  /**
   * Where the records of its routed parts were consumed, of all parts of a row in the order of its origins:
   * `topic/partition/offset`, and of a flatMap `/index`, with spaces between them.
   */
  records: 'millrace.records',
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
  /** Takes letters of routed parts whose records are not known; absent where no parts are read. */
  readonly waiting?: WaitingLetters | undefined
  /** Called with the number of the reason of each. */
  readonly onWritten: (reason: number, letter: WrittenLetter) => void
}

export interface DeadLetterSources {
  readonly partitions: Pick<SourcePartitions, 'placeOf'>
  readonly redriven: Pick<RedrivenLetters, 'at'>
  /** Where what routes has consumed the records of routed parts; absent where no parts are read. */
  readonly recordPlaces?: Pick<SourcePartitions, 'originOf'> | undefined
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
  readonly #waiting: WaitingLetters | undefined
  readonly #onWritten: DeadLetterOptions['onWritten']

  constructor(out: OutputBuilder, { sources, recordBytesMax, times, causeOf, waiting, onWritten }: DeadLetterOptions) {
    this.#out = out
    this.#sources = sources
    this.#causeOf = causeOf
    this.#waiting = waiting
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
    const { recordPlaces } = this.#sources
    const named = withRecord(place, recordPlaces && recordOfPart(columns, row, recordPlaces))
    const added = this.#headers(reason, named, this.#causeOf(columns, row), timestamp[row]!)
    const whole = withHeaders(record, added)
    const isWhole = contentBytes(whole) <= this.#recordBytesMax && reason !== Reason.PROCESS_KILLED
    this.#write(place, timestamp[row]!, isWhole ? whole : reference(added))
  }

  /** Writes a reference to a part that was stored before: its record is where the headers say. */
  encodeReference(
    { partition, offset }: LetterPart,
    reason: number,
    timestamp: number,
    cause = deadLetterReasons[reason]!.text,
  ): void {
    const place = this.#placeOf(partition, offset)
    const part = { partition, offset }
    this.#whenNamed([part], 0, (recordOf) => {
      const headers = this.#headers(reason, withRecord(place, recordOf(part)), cause)
      this.#write(place, timestamp, reference(headers))
    })
  }

  /**
   * Writes the parts of a row that leaves incomplete. It is named by its first part.
   *
   * @param plain - The same with the headers that are there also where the topic does not take all of it.
   */
  encodeRow(
    record: PlainRecord,
    plain: PlainRecord,
    reason: number,
    ofRow: readonly LetterPart[],
    timestamp: number,
  ): void {
    const parts = ofRow.map(({ partition, offset }) => ({ partition, offset }))
    const place = this.#placeOf(parts[0]!.partition, parts[0]!.offset)
    const kept = this.#waiting === undefined ? record : copyOf(record)
    this.#whenNamed(parts, contentBytes(record), (recordOf) => {
      const named = withRecord(place, recordOf(parts[0]!))
      const all = parts.map((part) => recordOf(part)?.consumed)
      const places = all.includes(undefined) ? undefined : encodeRecordPlaces(all as Origin[])
      // Which parts they were stays, also where it does not take all of that.
      const isNamed = places !== undefined && places.length <= this.#recordBytesMax / 2
      const added = this.#headers(
        reason,
        { ...named, ...(isNamed && { records: places }) },
        deadLetterReasons[reason]!.text,
      )
      const whole = withHeaders(kept, added)
      const isWhole = contentBytes(whole) <= this.#recordBytesMax
      const letter = isWhole ? whole : { ...withHeaders(plain, added), key: undefined, value: undefined }
      this.#write(place, timestamp, letter)
    })
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

  /** Writes a letter, or has it wait until the records of its parts are known. */
  #whenNamed(parts: readonly LetterPart[], bytes: number, write: (recordOf: RecordOf) => void): void {
    if (this.#waiting === undefined) write(() => undefined)
    else this.#waiting.add(parts, bytes, write)
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
    const { topic, partition, index, extent, offset, redriven, redrive, routed, records } = place
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
      [deadLetterHeaders.records, records],
    ])
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
  readonly records?: string | undefined
}

type Headers = Pick<PlainRecord, 'headerCount' | 'headers'>

/** Of a routed part, the record that it was made from is named, and the part beside it. */
function withRecord(place: Place, record: RecordOfPart | undefined): Place {
  if (record === undefined) return place
  const { topic, partition, offset, ...redriven } = place
  const routed = `${topic}/${partition}/${offset}`
  return { ...redriven, ...record.origin, routed, records: encodeRecordPlaces([record.consumed]) }
}

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
