import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'
import { MillraceError, type ErrorDetails, KafkaError } from '../core/errors.ts'

/** Error codes of the broker that this client decides by; all others are taken as Kafka's own table says. */
export const brokerErrors = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  notEnoughReplicas: 19,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  invalidProducerIdMapping: 49,
  concurrentTransactions: 51,
  transactionalIdAuthorizationFailed: 53,
  operationNotAttempted: 55,
  unknownProducerId: 59,
  groupIdNotFound: 69,
  producerFenced: 90,
  transactionAbortable: 120,
} as const

/** Whether the same request may succeed a little later or at another broker. */
export function isRetryableCode(code: number): boolean {
  return ruleOf(code)?.canRetry ?? false
}

/** Kafka's name of an error code, such as `NOT_LEADER_OR_FOLLOWER`. */
export function brokerErrorName(code: number): string {
  return protocolErrorsCodesById[code] ?? `error ${code}`
}

/** What the broker's name for an error leaves open: which option of ours it is about, and which setting of the broker's. */
const hints: Readonly<Record<string, string>> = {
  INVALID_SESSION_TIMEOUT:
    'sessionTimeoutMs must be between group.min.session.timeout.ms and group.max.session.timeout.ms of the broker',
  INVALID_TRANSACTION_TIMEOUT: 'transactionTimeoutMs must be at most transaction.max.timeout.ms of the broker',
  INCONSISTENT_GROUP_PROTOCOL:
    'a consumer of another program is a member of this group, which is named after the application; stop it, or rename one of them',
  COORDINATOR_NOT_AVAILABLE:
    'if that lasts, the cluster has fewer brokers than transaction.state.log.replication.factor or offsets.topic.replication.factor ask for',
}

/** Makes a `KafkaError` of a broker's error code. */
export function refusal(code: number, what: string, details: ErrorDetails = {}): KafkaError {
  const name = brokerErrorName(code)
  const hint = hints[name] === undefined ? '' : `: ${hints[name]}`
  return new KafkaError(isRetryableCode(code) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED', `${what}: ${name}${hint}`, {
    ...details,
    brokerError: name,
  })
}

/** A topic is not the one that it was, though it has the same name. */
export function topicRecreated(topic: string): KafkaError {
  return new KafkaError('KAFKA_TOPIC_RECREATED', `topic "${topic}" was deleted and created anew`, { topic })
}

/**
 * Turns what the library's API functions reject with into a `KafkaError`.
 *
 * @param what - What was attempted, as the beginning of a sentence.
 */
export function asKafkaError(error: unknown, what: string): MillraceError {
  if (MillraceError.is(error)) return error
  const [code] = brokerCodesOf(error)
  if (code !== undefined) return refusal(code, what)
  return new KafkaError(
    'KAFKA_REFUSED',
    `${what}: ${error instanceof Error ? error.message : String(error)}`,
    {},
    error,
  )
}

/** The broker's error codes within an error of the library. */
export function brokerCodesOf(error: unknown): number[] {
  if (typeof error !== 'object' || error === null) return []
  if ('apiCode' in error && typeof error.apiCode === 'number') return [error.apiCode]
  return error instanceof AggregateError ? error.errors.flatMap(brokerCodesOf) : []
}

function ruleOf(code: number): { canRetry: boolean } | undefined {
  const name = protocolErrorsCodesById[code]
  return name === undefined ? undefined : protocolErrors[name as keyof typeof protocolErrors]
}
