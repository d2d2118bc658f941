import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCode } from '../../protocol/index.ts'
import { nextTransactionState } from './next-transaction-state.ts'
import {
  newTransactionState,
  type TransactionAction,
  type TransactionEvent,
  type TransactionState,
  type TransactionVersion,
} from './transaction-state.ts'

const identity = { producerId: 7n, epoch: 3 }
const next = { producerId: 7n, epoch: 4 }
const notCoordinator = 16
const transactionalIdAuthorizationFailed = 53

/** Feeds events one after the other; the actions are those of the last one. */
function feed(version: TransactionVersion, ...events: TransactionEvent[]) {
  let state: TransactionState = newTransactionState(version)
  let actions: readonly TransactionAction[] = []
  for (const event of events) ({ state, actions } = nextTransactionState(state, event))
  return { state, actions }
}

const begun: TransactionEvent[] = [{ type: 'begin' }, { type: 'initialised', identity }]
const open: TransactionEvent[] = [...begun, { type: 'touched' }]
const confirmed: TransactionEvent[] = [...open, { type: 'confirmed' }]
const committing: TransactionEvent[] = [...confirmed, { type: 'end', outcome: 'commit' }]

describe('nextTransactionState', () => {
  it('takes the next identity from the end of version 2', () => {
    const { state, actions } = feed(2, ...committing, { type: 'ended', identity: next })

    assert.deepEqual([state.phase, state.identity, actions], ['idle', next, [{ type: 'ready' }]])
  })

  it('keeps the identity over a commit of version 1, and raises it over an abort', () => {
    const committed = feed(1, ...committing, { type: 'ended' })
    const aborted = feed(1, ...confirmed, { type: 'end', outcome: 'abort' }, { type: 'ended' })

    assert.deepEqual(committed.actions, [{ type: 'ready' }])
    assert.deepEqual(aborted.actions, [{ type: 'initialise', expected: identity }])
  })

  it('asks again for the end of version 2 when its answer was lost', () => {
    const { state, actions } = feed(2, ...committing, { type: 'lost', request: 'end' })

    assert.equal(state.phase, 'ending')
    assert.deepEqual(actions, [{ type: 'retry', pause: 'backoff' }])
  })

  it('does not know what became of a commit of version 1 whose answer was lost', () => {
    const { state, actions } = feed(1, ...committing, { type: 'lost', request: 'end' })

    assert.deepEqual([state.phase, actions], ['uninitialised', [{ type: 'outcomeUnknown' }]])
  })

  it('takes a coordinator that fails at an end, as one does that is fencing the producer, for one that has not answered', () => {
    const refused: TransactionEvent = { type: 'refused', request: 'end', code: errorCode.unknownServerError }

    const second = feed(2, ...committing, refused)
    const fenced: TransactionEvent = { type: 'refused', request: 'initialise', code: errorCode.producerFenced }
    const thenFenced = feed(2, ...committing, refused, { ...refused, code: errorCode.producerFenced }, fenced)
    const first = feed(1, ...committing, refused)

    assert.deepEqual([second.state.phase, second.actions], ['ending', [{ type: 'retry', pause: 'backoff' }]])
    assert.deepEqual(thenFenced.actions, [{ type: 'fenced', code: errorCode.producerFenced }])
    assert.deepEqual(first.actions, [{ type: 'outcomeUnknown' }])
  })

  for (const code of [errorCode.producerFenced, errorCode.invalidProducerEpoch, errorCode.invalidTxnState]) {
    const refused: TransactionEvent = { type: 'refused', request: 'end', code }

    it(`asks at error ${code} to succeed the epoch that a timeout would have made`, () => {
      const asked = feed(2, ...committing, refused)
      const granted = feed(2, ...committing, refused, { type: 'initialised', identity: { producerId: 7n, epoch: 5 } })

      assert.deepEqual(asked.actions, [{ type: 'initialise', expected: next }])
      assert.deepEqual(granted.actions, [{ type: 'timedOut' }])
    })

    it(`is fenced at error ${code} when that epoch is not to be had`, () => {
      const again: TransactionEvent = { type: 'refused', request: 'initialise', code: errorCode.producerFenced }
      const { state, actions } = feed(2, ...committing, refused, again)

      assert.deepEqual([state.phase, actions], ['fenced', [{ type: 'fenced', code: errorCode.producerFenced }]])
    })

    it(`is fenced at error ${code} before the coordinator has shown that it opened the transaction`, () => {
      const { actions } = feed(2, ...open, { type: 'refused', request: 'produce', code })

      assert.deepEqual(actions, [{ type: 'fenced', code }])
    })
  }

  it('waits shortly for the transaction before, and looks for a coordinator that has moved', () => {
    const ending = feed(2, ...committing, {
      type: 'refused',
      request: 'end',
      code: errorCode.concurrentTransactions,
    })
    const moved = feed(2, ...committing, { type: 'refused', request: 'end', code: notCoordinator })

    assert.deepEqual(ending.actions, [{ type: 'retry', pause: 'soon' }])
    assert.deepEqual(moved.actions, [{ type: 'retry', pause: 'backoff' }])
  })

  it('asks for another membership when offsets were committed with one that is over', () => {
    const code = errorCode.illegalGeneration
    const { actions } = feed(2, ...open, { type: 'refused', request: 'commitOffsets', code })

    assert.deepEqual(actions, [{ type: 'retry', pause: 'backoff', isMemberOver: true }])
  })

  it('can only abort what has failed', () => {
    const code = errorCode.transactionAbortable
    const failed: TransactionEvent[] = [...open, { type: 'refused', request: 'commitOffsets', code }]

    assert.deepEqual(feed(2, ...failed).actions, [{ type: 'aborted', code }])
    assert.throws(() => feed(2, ...failed, { type: 'end', outcome: 'commit' }), /does not commit/)
    assert.throws(() => feed(2, ...failed, { type: 'touched' }), /is aborted before the next one/)
    assert.deepEqual(feed(2, ...failed, { type: 'end', outcome: 'abort' }).actions, [{ type: 'end', outcome: 'abort' }])
  })

  it('has nothing but a new beginning after a refusal that leaves the end open', () => {
    const code = transactionalIdAuthorizationFailed
    const { state, actions } = feed(2, ...committing, { type: 'refused', request: 'end', code })

    assert.deepEqual([state.phase, actions], ['uninitialised', [{ type: 'failed', request: 'end', code }]])
  })

  it('refuses what cannot happen', () => {
    assert.throws(() => feed(2, { type: 'touched' }), /knows no event touched/)
    assert.throws(() => feed(2, ...begun, { type: 'end', outcome: 'commit' }), /something to commit/)
    assert.throws(() => feed(2, ...committing, { type: 'touched' }), /knows no event touched/)
  })
})
