import {
  deadLetterReasons,
  type OutputBuilder,
  type PlainRecord,
  plainRecord,
  Reason,
  type RecordColumns,
  type StoredPart,
  writePlainRecord,
  writeVarint,
} from '../kernel/index.ts'

/** What a dead letter says of itself, in headers behind those of the record. Values are text. */
export const deadLetterHeaders = {
  reason: 'millrace.reason',
  cause: 'millrace.cause',
  topic: 'millrace.topic',
  partition: 'millrace.partition',
  offset: 'millrace.offset',
} as const

const headerCount = Object.keys(deadLetterHeaders).length

const causeCharactersMax = 1_000

/**
 * Writes dead letters: the record with its key, value and headers as it came, at its own partition number, and headers
 * that say why it is here and where it was. A record larger than the topic takes, or one that kills, goes by reference, as
 * these headers alone.
 */
export class DeadLetterEncoder {
  readonly #out: OutputBuilder
  readonly #topic: string
  readonly #recordBytesMax: number

  constructor(out: OutputBuilder, topic: string, recordBytesMax: number) {
    this.#out = out
    this.#topic = topic
    this.#recordBytesMax = recordBytesMax
  }

  /** Writes the record of a row that has a reason. */
  encode(columns: RecordColumns, row: number): void {
    const reason = columns.reason[row]!
    const record = plainRecord(columns, row)
    const cause = columns.causes.get(row) ?? deadLetterReasons[reason]!.text
    const added = this.#headers(reason, columns.partition, columns.offset[row]!, cause)
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0) + record.headers.length + added.length
    const letter: PlainRecord =
      size > this.#recordBytesMax || reason === Reason.PROCESS_KILLED
        ? reference(added)
        : {
            ...record,
            headerCount: record.headerCount + headerCount,
            headers: Buffer.concat([record.headers, added]),
          }
    writePlainRecord(this.#out, columns.partition, columns.timestamp[row]!, letter)
  }

  /** Writes a reference to a part that was stored before: its record is where the headers say. */
  encodeReference(part: StoredPart, timestamp: number): void {
    const text = deadLetterReasons[Reason.MERGE_TOO_LARGE]!.text
    const headers = this.#headers(Reason.MERGE_TOO_LARGE, part.partition, part.offset, text)
    writePlainRecord(this.#out, part.partition, timestamp, reference(headers))
  }

  #headers(reason: number, partition: number, offset: number, cause: string): Buffer {
    return Buffer.concat([
      header(deadLetterHeaders.reason, deadLetterReasons[reason]!.name),
      header(deadLetterHeaders.cause, cause.slice(0, causeCharactersMax)),
      header(deadLetterHeaders.topic, this.#topic),
      header(deadLetterHeaders.partition, String(partition)),
      header(deadLetterHeaders.offset, String(offset)),
    ])
  }
}

/** A record that is nothing but what its headers say. */
function reference(headers: Uint8Array): PlainRecord {
  return { key: undefined, value: undefined, headerCount, headers }
}

/** A header as it stands in a record: name and value, each behind its length. */
function header(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name)
  const valueBytes = Buffer.from(value)
  const bytes = Buffer.alloc(nameBytes.length + valueBytes.length + 10)
  let at = writeVarint(bytes, 0, nameBytes.length)
  bytes.set(nameBytes, at)
  at = writeVarint(bytes, at + nameBytes.length, valueBytes.length)
  bytes.set(valueBytes, at)
  return bytes.subarray(0, at + valueBytes.length)
}
