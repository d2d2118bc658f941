import { errorCode } from '../../protocol/index.ts'
import { type ErrorMeaning, meaningOf, passes } from '../cluster/error-meaning.ts'

/**
 * What becomes of a batch after its leader's answer: it is stored, sent again (after a search for the leader, or after
 * a little time), a matter of its transaction, or the end of the producer.
 */
export type Verdict = 'stored' | 'search' | 'wait' | 'transaction' | 'final'

export interface BatchFacts {
  /** How often the batch has failed before. */
  readonly failures: number
  /** A batch of the partition that was sent before it has failed, and waits to be sent again. */
  readonly followsFailure: boolean
  readonly isTransactional: boolean
}

/**
 * How often a batch is refused for want of replicas before that is believed: Kafka says so too while a transaction
 * ends.
 */
const soonAttempts = 5

/** What is a matter of the transaction of a batch rather than of its partition. */
const ofTransaction: ReadonlySet<ErrorMeaning> = new Set(['producerIdGone', 'epochOver', 'transactionFailed'])

/** @param code - The leader's error, 0 where there is none. */
export function verdictOn(code: number, { failures, followsFailure, isTransactional }: BatchFacts): Verdict {
  if (code === errorCode.none || code === errorCode.duplicateSequenceNumber) return 'stored'
  const meaning = meaningOf(code)
  // After a batch that failed, the following ones of its partition are out of order; they are sent again after it.
  if (followsFailure && code === errorCode.outOfOrderSequenceNumber) return 'search'
  if (passes(meaning)) {
    const mayBeEnding =
      meaning === 'transactionEnding' || (code === errorCode.notEnoughReplicas && failures < soonAttempts)
    return isTransactional && mayBeEnding ? 'wait' : 'search'
  }
  return isTransactional && ofTransaction.has(meaning) ? 'transaction' : 'final'
}
