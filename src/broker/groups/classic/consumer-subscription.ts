import { consumerSubscription, decodeConsumerMessage, MalformedMessage } from '../../../protocol/index.ts'

/**
 * Reads the topics out of what a member of type `consumer` tells its leader; `undefined` where it is something else.
 */
export function subscribedTopicsOf(metadata: Buffer): string[] | undefined {
  try {
    return decodeConsumerMessage(consumerSubscription, metadata).topics
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
