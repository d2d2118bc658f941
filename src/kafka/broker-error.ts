import { type ErrorDetails, KafkaError, MillraceError } from '../core/errors.ts'
import { errorCode, errorFields, errorName, isRetriable } from '../protocol/index.ts'

export { errorCode as brokerErrors, errorName as brokerErrorName, isRetriable as isRetryableCode }

/** What the broker's name for an error leaves open: which option of ours it is about, and which setting of the broker's. */
const hints: ReadonlyMap<number, string> = new Map([
  [
    errorCode.invalidSessionTimeout,
    'sessionTimeoutMs must be between group.min.session.timeout.ms and group.max.session.timeout.ms of the broker',
  ],
  [
    errorCode.invalidTransactionTimeout,
    'transactionTimeoutMs must be at most transaction.max.timeout.ms of the broker',
  ],
  [
    errorCode.inconsistentGroupProtocol,
    'a consumer of another program is a member of this group, which is named after the application; stop it, or rename one of them',
  ],
  [
    errorCode.coordinatorNotAvailable,
    'if that lasts, the cluster has fewer brokers than transaction.state.log.replication.factor or offsets.topic.replication.factor ask for',
  ],
])

/** Makes a `KafkaError` of a broker's error code. */
export function refusal(code: number, what: string, details: ErrorDetails = {}): KafkaError {
  const hint = hints.get(code)
  const name = errorName(code)
  return new KafkaError(
    isRetriable(code) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED',
    `${what}: ${name}${hint === undefined ? '' : `: ${hint}`}`,
    { ...details, brokerError: name },
  )
}

/**
 * The error of a response, wherever it stands in it; 0 where there is none. What kept the others from being attempted is more telling
 * than that they were not.
 */
export function errorIn(response: unknown): number {
  const codes = errorsIn(response)
  return codes.find((code) => code !== errorCode.operationNotAttempted) ?? codes[0] ?? errorCode.none
}

function errorsIn(value: unknown): number[] {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  return Object.entries(value).flatMap(([name, field]) => {
    if (!errorFields.has(name)) return errorsIn(field)
    return field === errorCode.none ? [] : [field as number]
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
