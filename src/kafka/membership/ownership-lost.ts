import { KafkaError } from '../../core/errors.ts'

export function ownershipLost(group: string, why: string, cause?: unknown): KafkaError {
  const message = `this process is no longer the active one of group "${group}": ${why}`
  return new KafkaError('OWNERSHIP_LOST', message, { group }, cause)
}
