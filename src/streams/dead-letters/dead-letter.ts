import {
  contentBytes,
  deadLetterReasons,
  encodeHeader,
  type OutputBuilder,
  type PlainRecord,
  plainRecord,
  Reason,
  type RecordColumns,
  type StoredPart,
  writePlainRecord,
} from '../../kernel/index.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
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
} as const

const causeCharactersMax = 1_000
/** What a character takes at most in UTF-8, and so how long a cause may be in a topic that takes no more. */
const characterBytesMax = 3
/** What the other headers take, and the frames of all. */
const headersBytesMax = 512

export interface DeadLetterOptions {
  /** Where the records come from. */
  readonly partitions: Pick<SourcePartitions, 'placeOf'>
  /** What the topic of dead letters takes. */
  readonly recordBytesMax: number
  readonly times: TimestampWindow
  readonly causeOf: CauseOf
  /** Called with the number of the reason of each. */
  readonly onWritten: (reason: number, letter: WrittenLetter) => void
}

/** Which record a dead letter is of, and why. */
export interface WrittenLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly cause: string
}

/**
 * Writes dead letters: the record with its key, value and headers as it came, at its own partition number where there
 * is one, and headers that say why it is here and where it was. A record larger than the topic takes, or one that
 * kills, goes by reference, as these headers alone. A timestamp that the topic does not take becomes the nearest one
 * that it does.
 */
export class DeadLetterEncoder {
  readonly #out: OutputBuilder
  readonly #partitions: DeadLetterOptions['partitions']
  readonly #recordBytesMax: number
  readonly #times: TimestampWindow
  readonly #causeCharactersMax: number
  readonly #causeOf: CauseOf
  readonly #onWritten: DeadLetterOptions['onWritten']

  constructor(out: OutputBuilder, { partitions, recordBytesMax, times, causeOf, onWritten }: DeadLetterOptions) {
    this.#out = out
    this.#partitions = partitions
    this.#causeOf = causeOf
    this.#onWritten = onWritten
    this.#recordBytesMax = recordBytesMax
    this.#times = times
    const fitting = Math.floor((recordBytesMax - headersBytesMax) / characterBytesMax)
    this.#causeCharactersMax = Math.min(causeCharactersMax, fitting)
  }

  /** Writes the record of a row that has a reason. */
  encode(columns: RecordColumns, row: number): void {
    const reason = columns.reason[row]!
    const record = plainRecord(columns, row)
    const added = this.#headers(reason, columns.numberOf(row), columns.offset[row]!, this.#causeOf(columns, row))
    const whole = withHeaders(record, added)
    const isWhole = contentBytes(whole) <= this.#recordBytesMax && reason !== Reason.PROCESS_KILLED
    this.#write(columns.partition, columns.timestamp[row]!, isWhole ? whole : reference(added))
  }

  /** Writes a reference to a part that was stored before: its record is where the headers say. */
  encodeReference(part: StoredPart, reason: number, timestamp: number, cause?: string): void {
    const headers = this.#headers(reason, part.partition, part.offset, cause ?? deadLetterReasons[reason]!.text)
    this.#write(part.partition, timestamp, reference(headers))
  }

  /**
   * Writes the parts of a row that leaves incomplete. It is named by its first part.
   *
   * @param plain - The same with the headers that are there also where the topic does not take all of it.
   */
  encodeRow(record: PlainRecord, plain: PlainRecord, reason: number, first: StoredPart, timestamp: number): void {
    const added = this.#headers(reason, first.partition, first.offset, deadLetterReasons[reason]!.text)
    const whole = withHeaders(record, added)
    const isWhole = contentBytes(whole) <= this.#recordBytesMax
    const letter = isWhole ? whole : { ...withHeaders(plain, added), key: undefined, value: undefined }
    this.#write(first.partition, timestamp, letter)
  }

  /** The source may have been given more partitions than its dead letters have; their headers name the true one. */
  #write(number: number, timestamp: number, letter: PlainRecord): void {
    const { partition } = this.#partitions.placeOf(number)
    writePlainRecord(this.#out, partition % this.#out.partitionCount, this.#times.nearest(timestamp), letter)
  }

  /** The headers of a dead letter that is being written, of which is told. */
  #headers(reason: number, number: number, offset: number, cause: string): readonly Uint8Array[] {
    const { topic, partition, index } = this.#partitions.placeOf(number)
    this.#onWritten(reason, { topic, partition, offset, cause })
    const { name } = deadLetterReasons[reason]!
    const texts: (readonly [header: string, text: string])[] = [
      [deadLetterHeaders.reason, name],
      [deadLetterHeaders.cause, cause.slice(0, this.#causeCharactersMax)],
      [deadLetterHeaders.topic, topic],
      [deadLetterHeaders.partition, String(partition)],
      [deadLetterHeaders.offset, String(offset)],
    ]
    if (index !== undefined) texts.push([deadLetterHeaders.index, String(index)])
    return texts.map(([header, text]) => encodeHeader(header, Buffer.from(text)))
  }
}

function withHeaders(record: PlainRecord, added: readonly Uint8Array[]): PlainRecord {
  return {
    ...record,
    headerCount: record.headerCount + added.length,
    headers: Buffer.concat([record.headers, ...added]),
  }
}

/** A record that is nothing but what its headers say. */
function reference(headers: readonly Uint8Array[]): PlainRecord {
  return { key: undefined, value: undefined, headerCount: headers.length, headers: Buffer.concat(headers) }
}
