import { WireReader, WireWriter } from './wire.ts'

/** Produce by topic name in its first flexible version. Kafka 2.4 and later. */
export const produceApi = { key: 0, version: 9 } as const

/** The same messages in the version by whose number partitions join a transaction by themselves (KIP-890). Kafka 4.0 and later. */
export const joiningProduceApi = { key: 0, version: 12 } as const

export interface ProduceTopic {
  name: string
  partitions: { partition: number; records: Buffer }[]
}

const acksAll = -1

/** Body of a Produce request, with the tags of its header, as chunks: the record batches are not copied. */
export function encodeProduce(
  topics: readonly ProduceTopic[],
  transactionalId: string | null,
  timeoutMs: number,
): Buffer[] {
  const chunks: Buffer[] = []
  let writer = new WireWriter(128)
    .noTags()
    .compactString(transactionalId)
    .int16(acksAll)
    .int32(timeoutMs)
    .compactLength(topics.length)
  for (const { name, partitions } of topics) {
    writer.compactString(name).compactLength(partitions.length)
    for (const { partition, records } of partitions) {
      chunks.push(writer.int32(partition).compactLength(records.length).take(), records)
      writer = new WireWriter(64).noTags()
    }
    writer.noTags()
  }
  chunks.push(writer.noTags().take())
  return chunks
}

export interface ProduceAnswer {
  topic: string
  partition: number
  errorCode: number
  errorMessage: string | null
  baseOffset: number
  /** The time of the broker that its records bear now, in milliseconds since 1970; -1 where they keep their own. */
  appendedMs: number
}

export interface ProduceResponse {
  throttleTimeMs: number
  answers: ProduceAnswer[]
}

/**
 * Reads a Produce response.
 *
 * @throws RangeError when it ends too early.
 */
export function decodeProduce(buffer: Buffer, start: number, end: number): ProduceResponse {
  const reader = new WireReader(buffer, start, end)
  reader.skipTags()
  const answers: ProduceAnswer[] = []
  for (let topics = reader.compactLength(); topics > 0; topics--) {
    const topic = reader.compactString()!
    for (let left = reader.compactLength(); left > 0; left--) answers.push(decodeAnswer(reader, topic))
    reader.skipTags()
  }
  const throttleTimeMs = reader.int32()
  reader.skipTags()
  return { answers, throttleTimeMs }
}

function decodeAnswer(reader: WireReader, topic: string): ProduceAnswer {
  const partition = reader.int32()
  const errorCode = reader.int16()
  const baseOffset = reader.int64()
  const appendedMs = reader.int64()
  // Log start.
  reader.skip(8)
  for (let left = reader.compactLength(); left > 0; left--) {
    reader.int32()
    reader.compactString()
    reader.skipTags()
  }
  const errorMessage = reader.compactString()
  reader.skipTags()
  return { topic, partition, errorCode, errorMessage, baseOffset, appendedMs }
}
