import { type Member, newProducer } from '../runtime/kafka-ports.ts'
import type { KafkaServices } from '../runtime/services.ts'

/**
 * Ends whatever transaction of the program was open. Resolves when all is written that says how the last one ended.
 *
 * @param member - Confirms this process as the owner: nobody else may do this.
 * @param writer - The transactional id. @defaultValue that of the program
 */
export async function fence(services: KafkaServices, member: Member, writer?: string): Promise<void> {
  const producer = newProducer(services, member, { onFailed() {}, onThrottled() {} }, writer)
  try {
    await producer.begin()
  } finally {
    producer.stop()
  }
}

/** For a transactional id that is of one process alone, which owns nothing any more. */
export const asNobody: Member = async () => ({ generationId: -1, memberId: '', groupInstanceId: null })
