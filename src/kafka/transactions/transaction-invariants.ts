import { assert } from '../../core/assert.ts'
import type { ProducerIdentity, TransactionState } from './transaction-state.ts'

/** Asserts what holds of a transactional producer whatever has happened to it. */
export function assertSound({
  phase,
  identity,
  outcome,
  isAbortOnly,
  isConfirmed,
  hasStragglers,
}: TransactionState): void {
  const isInTransaction = phase === 'open' || phase === 'ending'
  const hasIdentity = identity.producerId >= 0n && identity.epoch >= 0
  assert(hasIdentity || !(isInTransaction || phase === 'idle'), 'nothing is sent without a producer id and epoch')
  assert(phase !== 'ending' || outcome !== undefined, 'a transaction ends in a commit or an abort')
  assert(phase !== 'ending' || outcome === 'abort' || !isAbortOnly, 'a transaction that failed does not commit')
  const isOutcomeOpen = phase === 'idle' || phase === 'open' || phase === 'uninitialised'
  assert(!isOutcomeOpen || outcome === undefined, 'only a transaction that ends has an outcome')
  assert(phase !== 'idle' || !isConfirmed, 'a coordinator has no transaction open between two')
  assert(phase !== 'idle' || !hasStragglers, 'no request that was never answered can arrive in the next transaction')
}

/** Asserts what holds of each step of a transactional producer. */
export function assertStep(before: TransactionState, after: TransactionState): void {
  assert(before.phase !== 'fenced' || after.phase === 'fenced', 'a producer that is fenced stays so')
  assert(before.version === after.version, 'the version of transactions stays the same')
  assert(
    after.identity === before.identity || isLater(after.identity, before.identity),
    'no producer goes back to an epoch that is over',
  )
  assert(
    after.identity === before.identity || after.phase === 'idle',
    'the epoch of a producer changes only between two transactions',
  )
  assert(
    after.phase !== 'ending' || before.phase === 'open' || before.phase === 'ending',
    'only an open transaction ends',
  )
}

/** Whether an identity is another one, or the same one with a greater epoch. */
function isLater(identity: ProducerIdentity, than: ProducerIdentity): boolean {
  return identity.producerId !== than.producerId || identity.epoch > than.epoch
}
