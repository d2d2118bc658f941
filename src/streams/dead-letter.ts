import {
  deadLetterReasons,
  type OutputBuilder,
  Reason,
  type RecordColumns,
  type StoredPart,
  varintLength,
  writeVarint,
} from '../kernel/index.ts'

/** What a dead letter says of itself, in headers behind those of the record. Values are text. */
const deadLetterHeaders = {
  reason: 'millrace.reason',
  cause: 'millrace.cause',
  topic: 'millrace.topic',
  partition: 'millrace.partition',
  offset: 'millrace.offset',
} as const

const causeCharactersMax = 1_000

/**
 * Writes dead letters: the record with its key, value and headers as it came, at its own partition number, and headers
 * that say why it is here and where it was. A record larger than the topic takes goes by reference, as these headers alone.
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
    const record = readRecord(columns, row)
    const cause = columns.causes.get(row) ?? deadLetterReasons[reason]!.text
    const added = this.#headers(reason, columns.partition, columns.offset[row]!, cause)
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0) + record.headers.length + added.bytes.length
    if (size > this.#recordBytesMax)
      return this.#write(columns.partition, columns.timestamp[row]!, undefined, undefined, added)
    const headers = { count: record.headerCount + added.count, bytes: Buffer.concat([record.headers, added.bytes]) }
    this.#write(columns.partition, columns.timestamp[row]!, record.key, record.value, headers)
  }

  /** Writes a reference to a part that was stored before: its record is where the headers say. */
  encodeReference(part: StoredPart, timestamp: number): void {
    const text = deadLetterReasons[Reason.MERGE_TOO_LARGE]!.text
    const headers = this.#headers(Reason.MERGE_TOO_LARGE, part.partition, part.offset, text)
    this.#write(part.partition, timestamp, undefined, undefined, headers)
  }

  #headers(reason: number, partition: number, offset: number, cause: string): Headers {
    const bytes = Buffer.concat([
      header(deadLetterHeaders.reason, deadLetterReasons[reason]!.name),
      header(deadLetterHeaders.cause, cause.slice(0, causeCharactersMax)),
      header(deadLetterHeaders.topic, this.#topic),
      header(deadLetterHeaders.partition, String(partition)),
      header(deadLetterHeaders.offset, String(offset)),
    ])
    return { count: 5, bytes }
  }

  #write(
    partition: number,
    timestamp: number,
    key: Uint8Array | undefined,
    value: Uint8Array | undefined,
    headers: Headers,
  ): void {
    const headersLength = varintLength(headers.count) + headers.bytes.length
    const batch = this.#out.begin(partition, timestamp, key?.length ?? -1, value?.length ?? -1, headersLength)
    const { bytes } = batch
    let at = batch.position
    if (key !== undefined) bytes.set(key, at)
    at = writeVarint(bytes, at + (key?.length ?? 0), value?.length ?? -1)
    if (value !== undefined) bytes.set(value, at)
    at = writeVarint(bytes, at + (value?.length ?? 0), headers.count)
    bytes.set(headers.bytes, at)
    batch.position = at + headers.bytes.length
  }
}

interface Headers {
  count: number
  bytes: Uint8Array
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

interface WholeRecord {
  key: Uint8Array | undefined
  value: Uint8Array | undefined
  headerCount: number
  /** Encoded, without their count. */
  headers: Uint8Array
}

/** Finds the fields of a record again that the columns do not keep, because few records need them. */
function readRecord(columns: RecordColumns, row: number): WholeRecord {
  const { bytes } = columns
  let at = columns.recordStart[row]! + 1
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }
  // Timestamp and offset.
  varint()
  varint()
  const keyLength = varint()
  const keyStart = at
  at += Math.max(0, keyLength)
  const valueLength = varint()
  const valueStart = at
  at += Math.max(0, valueLength)
  const headerCount = varint()
  return {
    key: keyLength < 0 ? undefined : bytes.subarray(keyStart, keyStart + keyLength),
    value: valueLength < 0 ? undefined : bytes.subarray(valueStart, valueStart + valueLength),
    headerCount,
    headers: bytes.subarray(at, columns.recordEnd[row]),
  }
}
