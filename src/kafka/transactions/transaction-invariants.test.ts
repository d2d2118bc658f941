import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertSound, assertStep } from './transaction-invariants.ts'
import { newTransactionState, type TransactionState } from './transaction-state.ts'

const identity = { producerId: 7n, epoch: 3 }
const idle: TransactionState = { ...newTransactionState(2), phase: 'idle', identity }
const open: TransactionState = { ...idle, phase: 'open' }
const ending: TransactionState = { ...open, phase: 'ending', outcome: 'commit' }

describe('assertSound', () => {
  it('lets the states of a transaction that goes well pass', () => {
    for (const state of [newTransactionState(1), idle, open, { ...open, isConfirmed: true }, ending]) assertSound(state)
  })

  const unsound: Record<string, TransactionState> = {
    'nothing is sent without a producer id': { ...open, identity: { producerId: -1n, epoch: -1 } },
    'a transaction ends in': { ...ending, outcome: undefined },
    'a transaction that failed does not commit': { ...ending, isAbortOnly: true },
    'only a transaction that ends has an outcome': { ...open, outcome: 'abort' },
    'a coordinator has no transaction open between two': { ...idle, isConfirmed: true },
    'no request that was never answered can arrive': { ...idle, hasStragglers: true },
  }
  for (const [message, state] of Object.entries(unsound)) {
    it(`stops where it does not hold that ${message}`, () => {
      assert.throws(() => assertSound(state), { message: new RegExp(`assertion failed: ${message}`) })
    })
  }
})

describe('assertStep', () => {
  it('lets a producer go on under a later epoch, or another producer id', () => {
    assertStep(ending, { ...idle, identity: { producerId: 7n, epoch: 4 } })
    assertStep(ending, { ...idle, identity: { producerId: 8n, epoch: 0 } })
    assertStep(open, ending)
  })

  const later = { producerId: 7n, epoch: 4 }
  const wrong: Record<string, readonly [before: TransactionState, after: TransactionState]> = {
    'a producer that is fenced stays so': [
      { ...open, phase: 'fenced' },
      { ...open, phase: 'initialising' },
    ],
    'the version of transactions stays': [open, { ...open, version: 1 }],
    'no producer goes back to an epoch that is over': [{ ...ending, identity: later }, idle],
    'the epoch of a producer changes only between': [open, { ...ending, identity: later }],
    'only an open transaction ends': [idle, ending],
  }
  for (const [message, [before, after]] of Object.entries(wrong)) {
    it(`stops where it does not hold that ${message}`, () => {
      assert.throws(() => assertStep(before, after), { message: new RegExp(`assertion failed: ${message}`) })
    })
  }
})
