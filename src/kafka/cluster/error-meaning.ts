import { errorCode, isRetriable } from '../../protocol/index.ts'

/** What a broker's error means to whoever has asked, whatever that was. */
export type ErrorMeaning =
  /** No error. */
  | 'accepted'
  /** Another broker coordinates the group or the transactional id, or none for now. */
  | 'coordinatorMoved'
  /** The transaction before is still ending, which takes milliseconds. */
  | 'transactionEnding'
  /** It passes, perhaps at another broker. */
  | 'transient'
  /** The group has another generation by now, or is about to. */
  | 'generationOver'
  /** The group does not know the member, whose session is over. */
  | 'memberUnknown'
  /** Another process has joined the group under the same instance id. */
  | 'instanceFenced'
  /** The producer id belongs to no transactional id any more, or to another one. */
  | 'producerIdGone'
  /** Another producer has taken over, or the transaction was open for too long: brokers have the same errors for both. */
  | 'epochOver'
  /** The transaction has failed, but its producer lives: an abort heals that. */
  | 'transactionFailed'
  /** It stays. */
  | 'final'

const meanings: ReadonlyMap<number, ErrorMeaning> = new Map<number, ErrorMeaning>([
  [errorCode.none, 'accepted'],
  [errorCode.coordinatorNotAvailable, 'coordinatorMoved'],
  [errorCode.notCoordinator, 'coordinatorMoved'],
  [errorCode.concurrentTransactions, 'transactionEnding'],
  [errorCode.illegalGeneration, 'generationOver'],
  [errorCode.rebalanceInProgress, 'generationOver'],
  [errorCode.unknownMemberId, 'memberUnknown'],
  [errorCode.fencedInstanceId, 'instanceFenced'],
  [errorCode.invalidProducerIdMapping, 'producerIdGone'],
  [errorCode.producerFenced, 'epochOver'],
  [errorCode.invalidProducerEpoch, 'epochOver'],
  [errorCode.invalidTxnState, 'epochOver'],
  [errorCode.transactionAbortable, 'transactionFailed'],
  [errorCode.outOfOrderSequenceNumber, 'transactionFailed'],
  [errorCode.unknownProducerId, 'transactionFailed'],
])

/** Judges a broker's error by its code. */
export function meaningOf(code: number): ErrorMeaning {
  return meanings.get(code) ?? (isRetriable(code) ? 'transient' : 'final')
}

/** Whether the same request may succeed a little later, or at another broker. */
export function passes(meaning: ErrorMeaning): boolean {
  return meaning === 'transient' || meaning === 'coordinatorMoved' || meaning === 'transactionEnding'
}
