/**
 * What members of a classic consumer group tell their leader, and it them. The broker passes both on as bytes, which
 * begin with their version.
 *
 * @see Kafka's ConsumerProtocolSubscription and ConsumerProtocolAssignment
 */
import { MalformedMessage, Reader } from './reader.ts'
import { array, int32, nullableBytes, nullableString, since, string, struct, type Type } from './schema.ts'
import { Writer } from './writer.ts'

interface VersionedMessage<Value, Input> {
  readonly versions: readonly [first: number, last: number]
  readonly schema: Type<Value, Input>
}

const topicPartitions = struct({ topic: string, partitions: array(int32) })

export const consumerSubscription = {
  versions: [0, 3],
  schema: struct({
    topics: array(string),
    userData: nullableBytes,
    ownedPartitions: since(1, array(topicPartitions), []),
    generationId: since(2, int32, -1),
    rackId: since(3, nullableString, null),
  }),
} as const satisfies VersionedMessage<unknown, never>

export const consumerAssignment = {
  versions: [0, 3],
  schema: struct({ assignedPartitions: array(topicPartitions), userData: nullableBytes }),
} as const satisfies VersionedMessage<unknown, never>

export function encodeConsumerMessage<Input>(
  { schema }: VersionedMessage<unknown, Input>,
  version: number,
  message: Input,
): Buffer {
  const writer = new Writer(version, false)
  writer.int16(version)
  schema.write(writer, message)
  return Buffer.concat(writer.finish())
}

/**
 * A later version only adds to the end, so the rest of it can be read.
 *
 * @throws MalformedMessage
 */
export function decodeConsumerMessage<Value>(
  { versions, schema }: VersionedMessage<Value, never>,
  bytes: Buffer,
): Value {
  const reader = new Reader(bytes)
  const version = reader.int16()
  const [first, last] = versions
  if (version < first) throw new MalformedMessage(`version ${version} of a message among consumers`)
  reader.version = Math.min(version, last)
  return schema.read(reader)
}
