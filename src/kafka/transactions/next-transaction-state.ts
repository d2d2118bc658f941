import { assert } from '../../core/assert.ts'
import { errorCode } from '../../protocol/index.ts'
import { meaningOf } from '../cluster/error-meaning.ts'
import { assertSound, assertStep } from './transaction-invariants.ts'
import {
  type TransactionAction,
  type TransactionEvent,
  type TransactionState,
  type Transition,
  untouched,
} from './transaction-state.ts'

/** Events that cannot happen in a state are faults of the caller, and fail an assertion. */
export function nextTransactionState(state: TransactionState, event: TransactionEvent): Transition {
  const transition = transitionOf(state, event)
  assertSound(transition.state)
  assertStep(state, transition.state)
  return transition
}

function transitionOf(state: TransactionState, event: TransactionEvent): Transition {
  switch (event.type) {
    case 'begin':
      expect(state, event, 'uninitialised', 'idle', 'open')
      // An open transaction of the same id is aborted by that.
      return to({ ...state, ...untouched, phase: 'initialising' }, { type: 'initialise' })
    case 'initialised':
      return initialised(state, event)
    case 'touched':
      expect(state, event, 'idle', 'open')
      assert(!state.isAbortOnly, 'a transaction that failed is aborted before the next one')
      return to({ ...state, phase: 'open' })
    case 'confirmed':
      expect(state, event, 'open')
      return to({ ...state, isConfirmed: true })
    case 'end':
      return end(state, event)
    case 'ended':
      return ended(state, event)
    case 'refused':
      return refused(state, event)
    case 'lost':
      return lost(state, event)
    case 'gaveUp':
      return gaveUp(state, event)
    case 'broke':
      expect(state, event, 'open')
      return to({ ...state, isAbortOnly: true })
  }
}

type EventOf<Type> = Extract<TransactionEvent, { type: Type }>

function initialised(state: TransactionState, event: EventOf<'initialised'>): Transition {
  expect(state, event, 'initialising')
  const { isAbortOnly, outcome } = state
  const next: TransactionState = { ...state, ...untouched, phase: 'idle', identity: event.identity }
  // Who wanted to abort anyway wants no more than that.
  if (!isAbortOnly || outcome === 'abort') return to(next, { type: 'ready' })
  return to({ ...next, isAbortOnly }, { type: 'timedOut' })
}

function end(state: TransactionState, event: EventOf<'end'>): Transition {
  const { outcome } = event
  expect(state, event, 'idle', 'open')
  if (state.phase === 'idle') {
    assert(outcome === 'abort', 'there is something to commit')
    return state.isAbortOnly ? to({ ...state, ...untouched }, { type: 'ready' }) : to(state)
  }
  assert(outcome === 'abort' || !state.isAbortOnly, 'a transaction that failed does not commit')
  return to({ ...state, phase: 'ending', outcome }, { type: 'end', outcome })
}

function ended(state: TransactionState, event: EventOf<'ended'>): Transition {
  expect(state, event, 'ending')
  const { version, hasStragglers, identity, outcome } = state
  assert(version === 1 || event.identity !== undefined, 'version 2 tells the next identity')
  if (event.identity !== undefined) {
    return to({ ...state, ...untouched, phase: 'idle', identity: event.identity }, { type: 'ready' })
  }
  const next: TransactionState = { ...state, ...untouched }
  if (outcome === 'commit' && !hasStragglers) return to({ ...next, phase: 'idle' }, { type: 'ready' })
  return to({ ...next, phase: 'initialising' }, { type: 'initialise', expected: identity })
}

function refused(state: TransactionState, event: EventOf<'refused'>): Transition {
  const { code, request } = event
  // A coordinator fails so that is just about to fence the producer: Apache Kafka meets a state that it takes for illegal.
  if (request === 'end' && code === errorCode.unknownServerError) return lost(state, { type: 'lost', request })
  switch (meaningOf(code)) {
    case 'transactionEnding':
      return to(state, { type: 'retry', pause: 'soon' })
    case 'coordinatorMoved':
    case 'transient':
      return to(state, { type: 'retry', pause: 'backoff' })
    case 'generationOver':
    case 'memberUnknown':
      if (request !== 'commitOffsets') return failed(state, event)
      // The membership that offsets were committed with is over.
      return to(state, { type: 'retry', pause: 'backoff', isMemberOver: true })
    case 'producerIdGone':
      return fenced(state, code)
    case 'epochOver':
      return epochIsOver(state, event)
    case 'transactionFailed':
      if (state.phase !== 'open') return failed(state, event)
      return to({ ...state, isAbortOnly: true }, { type: 'aborted', code })
    case 'instanceFenced':
    case 'accepted':
    case 'final':
      return failed(state, event)
  }
}

function epochIsOver(state: TransactionState, { code, request }: EventOf<'refused'>): Transition {
  const { identity, isConfirmed, outcome } = state
  if (isConfirmed && state.phase !== 'initialising') {
    const expected = { producerId: identity.producerId, epoch: identity.epoch + 1 }
    return to({ ...state, phase: 'initialising', isAbortOnly: true }, { type: 'initialise', expected })
  }
  // Perhaps nothing of the transaction has arrived, so that there is nothing to abort: then the epoch is still this
  // one.
  const isNothingOpen = request === 'end' && outcome === 'abort'
  if (isNothingOpen) return to({ ...state, phase: 'initialising' }, { type: 'initialise', expected: identity })
  return fenced(state, code)
}

function lost(state: TransactionState, { request }: EventOf<'lost'>): Transition {
  const retry: TransactionAction = { type: 'retry', pause: 'backoff' }
  if (request !== 'end') return to({ ...state, hasStragglers: true }, retry)
  if (state.version === 2) return to(state, retry)
  // It may have ended without raising the epoch, so that the next one may belong to another producer already.
  return state.outcome === 'commit' ? outcomeUnknown(state) : to({ ...state, isConfirmed: false }, retry)
}

function gaveUp(state: TransactionState, event: EventOf<'gaveUp'>): Transition {
  return event.request === 'end' && state.outcome === 'commit' ? outcomeUnknown(state) : failed(state, event)
}

function outcomeUnknown(state: TransactionState): Transition {
  return to({ ...state, ...untouched, phase: 'uninitialised' }, { type: 'outcomeUnknown' })
}

function fenced(state: TransactionState, code: number): Transition {
  return to({ ...state, phase: 'fenced' }, { type: 'fenced', code })
}

/** In an open transaction only that fails; else it is not known any more where the coordinator stands. */
function failed(state: TransactionState, { request, ...event }: EventOf<'refused'> | EventOf<'gaveUp'>): Transition {
  const code = 'code' in event ? event.code : undefined
  const action: TransactionAction = { type: 'failed', request, ...(code !== undefined && { code }) }
  if (state.phase === 'open') return to({ ...state, isAbortOnly: true }, action)
  return to({ ...state, ...untouched, phase: 'uninitialised' }, action)
}

function to(state: TransactionState, ...actions: TransactionAction[]): Transition {
  return { state, actions }
}

function expect({ phase }: TransactionState, { type }: TransactionEvent, ...phases: TransactionState['phase'][]): void {
  assert(phases.includes(phase), `a producer that is ${phase} knows no event ${type}`)
}
