import { MalformedRequest, Reader } from '../protocol/index.ts'

/**
 * Reads the topics out of what a member of type `consumer` tells its leader; `undefined` where it is something else.
 *
 * @see Kafka's ConsumerProtocolSubscription, whose versions all begin alike
 */
export function subscribedTopicsOf(metadata: Buffer): string[] | undefined {
  const reader = new Reader(metadata)
  try {
    reader.int16()
    return Array.from({ length: reader.count() }, () => reader.string() ?? '')
  } catch (error) {
    if (error instanceof MalformedRequest) return undefined
    throw error
  }
}
