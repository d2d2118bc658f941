import { type MillraceError, KafkaError } from '../../core/errors.ts'
import { errorName } from '../../protocol/index.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { TransactionAction } from './transaction-state.ts'

type Failure = Extract<TransactionAction, { type: 'aborted' | 'timedOut' | 'fenced' | 'outcomeUnknown' | 'failed' }>

/** Says of a failed transaction what happened, to whom, and why. */
export function transactionError(
  failure: Failure,
  { transactionalId, transactionTimeoutMs }: { transactionalId: string; transactionTimeoutMs: number },
  cause: MillraceError | undefined,
): MillraceError {
  const details = { transactionalId }
  const who = `transactional id "${transactionalId}"`
  switch (failure.type) {
    case 'aborted': {
      const brokerError = errorName(failure.code)
      return new KafkaError('TRANSACTION_ABORTED', `${who}: ${brokerError}`, { ...details, brokerError })
    }
    case 'timedOut':
      return new KafkaError(
        'TRANSACTION_ABORTED',
        `${who}: the coordinator has aborted the transaction, which was open for longer than ${transactionTimeoutMs} ms`,
        { ...details, transactionTimeoutMs },
      )
    case 'fenced': {
      const brokerError = errorName(failure.code)
      const message = `${who} belongs to another producer by now, or its transaction timed out before it was known to be open`
      return new KafkaError('TRANSACTION_FENCED', `${message}: ${brokerError}`, { ...details, brokerError })
    }
    case 'outcomeUnknown':
      return new KafkaError('TRANSACTION_OUTCOME_UNKNOWN', `${who}: a commit was not answered`, details, cause)
    case 'failed': {
      const what = `${who}, ${steps[failure.request]}`
      if (failure.code !== undefined) return refusal(failure.code, what, details)
      if (cause?.retryable === false) return cause
      return new KafkaError('KAFKA_UNAVAILABLE', `${what}: no answer in time`, details, cause)
    }
  }
}

/** What a producer does with a request. */
export const steps = {
  initialise: 'obtaining a producer id',
  join: 'adding to the transaction',
  produce: 'writing',
  commitOffsets: 'committing offsets',
  end: 'ending the transaction',
} as const
