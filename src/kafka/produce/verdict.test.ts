import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCode, isRetriable } from '../../protocol/index.ts'
import { type BatchFacts, verdictOn } from './verdict.ts'

const plain: BatchFacts = { failures: 0, followsFailure: false, isTransactional: false }
const transactional: BatchFacts = { ...plain, isTransactional: true }

describe('verdictOn', () => {
  it('takes a batch for stored that the leader has stored, now or before', () => {
    assert.equal(verdictOn(errorCode.none, plain), 'stored')
    assert.equal(verdictOn(errorCode.duplicateSequenceNumber, plain), 'stored')
  })

  it('sends again, after a search for the leader, whatever passes, and ends with the rest', () => {
    const stored: readonly number[] = [errorCode.none, errorCode.duplicateSequenceNumber]
    for (const code of Object.values(errorCode).filter((other) => !stored.includes(other)))
      assert.equal(verdictOn(code, plain), isRetriable(code) ? 'search' : 'final', String(code))
  })

  it('sends a batch again that is out of order after one that failed, and only then', () => {
    assert.equal(verdictOn(errorCode.outOfOrderSequenceNumber, { ...plain, followsFailure: true }), 'search')
    assert.equal(verdictOn(errorCode.outOfOrderSequenceNumber, { ...transactional, followsFailure: true }), 'search')
    assert.equal(verdictOn(errorCode.outOfOrderSequenceNumber, plain), 'final')
  })

  it('only waits a little while the transaction before may be ending', () => {
    assert.equal(verdictOn(errorCode.concurrentTransactions, { ...transactional, failures: 100 }), 'wait')
    assert.equal(verdictOn(errorCode.notEnoughReplicas, transactional), 'wait')
    assert.equal(verdictOn(errorCode.notEnoughReplicas, { ...transactional, failures: 5 }), 'search')
  })

  it('leaves to its transaction what is none of the partition', () => {
    const { producerFenced, invalidProducerEpoch, invalidTxnState, unknownProducerId } = errorCode
    const { transactionAbortable, outOfOrderSequenceNumber, invalidProducerIdMapping } = errorCode
    const epochOver = [producerFenced, invalidProducerEpoch, invalidTxnState, invalidProducerIdMapping]
    for (const code of [...epochOver, unknownProducerId, transactionAbortable, outOfOrderSequenceNumber])
      assert.equal(verdictOn(code, transactional), 'transaction', String(code))
  })
})
