import { type ErrorDetails, KafkaError } from '../../core/errors.ts'
import { errorCode, errorCodeNamed, errorFields, errorName } from '../../protocol/index.ts'
import { type ErrorMeaning, meaningOf, passes } from './error-meaning.ts'

/**
 * What the broker's name for an error leaves open: which option of ours it is about, and which setting of the broker's.
 */
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
    passes(meaningOf(code)) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED',
    `${what}: ${name}${hint === undefined ? '' : `: ${hint}`}`,
    { ...details, brokerError: name },
  )
}

/** The code that a broker has refused with; undefined for other errors. */
export function refusalCode(error: unknown): number | undefined {
  if (!(error instanceof KafkaError)) return undefined
  const { brokerError } = error.details
  return brokerError === undefined ? undefined : errorCodeNamed(brokerError as string)
}

/** What a broker's refusal means; undefined for other errors. */
export function meaningOfRefusal(error: unknown): ErrorMeaning | undefined {
  const code = refusalCode(error)
  return code === undefined ? undefined : meaningOf(code)
}

/**
 * The error of a response, wherever it stands in it; 0 where there is none. What kept the others from being attempted
 * is more telling than that they were not.
 */
export function errorIn(response: unknown): number {
  const codes = errorsIn(response)
  return codes.find((code) => code !== errorCode.operationNotAttempted) ?? codes[0] ?? errorCode.none
}

/** A response in which there is no error. @throws KafkaError for one that has one. */
export function accepted<Response>(response: Response, what: string): Response {
  const code = errorIn(response)
  if (code !== errorCode.none) throw refusal(code, what)
  return response
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
