import { assert } from '../../core/assert.ts'
import { meaningOf } from '../cluster/error-meaning.ts'

/** 2 where the brokers have finalised `transaction.version` 2 (KIP-890), else 1. */
export type TransactionVersion = 1 | 2
export type Outcome = 'commit' | 'abort'

/** What a producer writes under. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
}

/**
 * What a transactional producer asks brokers for; `join` takes partitions or a group into a transaction of version 1.
 */
export type TransactionRequest = 'initialise' | 'join' | 'produce' | 'commitOffsets' | 'end'

/**
 * The life of a transactional producer as a state machine: events in, next state and actions out; no IO, no time.
 *
 * ```
 * uninitialised ─begin─► initialising ─initialised─► idle ─touched─► open ─end─► ending ─ended─► idle
 *       ▲                     ▲                                       │            │
 *       │                     └──────── fenced, or timed out? ────────┴────────────┤
 *       └─ what became of the commit is unknown ───────────────────────────────────┘          any ─► fenced, for good
 * ```
 *
 * **Versions.** With version 2 every end raises the epoch, as its answer tells, and nothing that an ended transaction
 * left on its way gets into the next one; the same EndTxn with the same old epoch is asked again until it is answered.
 * With version 1 the epoch stays. What was sent and not answered could still arrive in a later transaction, so the
 * epoch is raised by InitProducerId before the next one begins, and a commit without an answer is of unknown outcome.
 *
 * **Fenced, or timed out?** Brokers have the same errors for both. Either way the epoch of the open transaction was
 * raised to abort it; another producer is then given a later one still. So a producer whose transaction the coordinator
 * has confirmed asks to succeed just that next epoch: it is refused where there is another producer, and cannot fence
 * it.
 *
 * @see KIP-98, KIP-360 (epochs raised by their owner), KIP-890 (epochs raised by every transaction)
 */
export interface TransactionState {
  readonly version: TransactionVersion
  /** `uninitialised`: nothing but `begin` leads on. */
  readonly phase: 'uninitialised' | 'initialising' | 'idle' | 'open' | 'ending' | 'fenced'
  readonly identity: ProducerIdentity
  /** How the transaction is being ended. */
  readonly outcome: Outcome | undefined
  /** Something in the transaction failed; that stands until the abort. */
  readonly isAbortOnly: boolean
  /** The coordinator has opened the transaction under this very epoch. */
  readonly isConfirmed: boolean
  /** Requests that were never answered may still arrive under this epoch. */
  readonly hasStragglers: boolean
}

export type TransactionEvent =
  /** Becomes the owner of the transactional id, whoever that was before. */
  | { readonly type: 'begin' }
  | { readonly type: 'initialised'; readonly identity: ProducerIdentity }
  /** Something is about to be sent in the transaction. */
  | { readonly type: 'touched' }
  /** An answer has shown that the coordinator has opened the transaction. */
  | { readonly type: 'confirmed' }
  | { readonly type: 'end'; readonly outcome: Outcome }
  /** `identity` is the next one, which version 2 tells. */
  | { readonly type: 'ended'; readonly identity?: ProducerIdentity }
  | { readonly type: 'refused'; readonly request: TransactionRequest; readonly code: number }
  /** The connection broke before the answer came. */
  | { readonly type: 'lost'; readonly request: TransactionRequest }
  /** The time for attempts is over. */
  | { readonly type: 'gaveUp'; readonly request: TransactionRequest }
  /** The transaction cannot commit for a reason that lies outside. */
  | { readonly type: 'broke' }

export type TransactionAction =
  /** `expected` is who is to be succeeded; without it, anybody. */
  | { readonly type: 'initialise'; readonly expected?: ProducerIdentity }
  | { readonly type: 'end'; readonly outcome: Outcome }
  /** The next transaction may begin, under the identity of the state. */
  | { readonly type: 'ready' }
  | { readonly type: 'retry'; readonly pause: 'soon' | 'backoff'; readonly isMemberOver?: true }
  /** The transaction can only be aborted. */
  | { readonly type: 'aborted'; readonly code: number }
  /** The coordinator has aborted the transaction, because it was open for too long. */
  | { readonly type: 'timedOut' }
  | { readonly type: 'fenced'; readonly code: number }
  | { readonly type: 'outcomeUnknown' }
  /** A request failed for a reason of its own; without a code, for lack of an answer. */
  | { readonly type: 'failed'; readonly request: TransactionRequest; readonly code?: number }

export interface Transition {
  readonly state: TransactionState
  readonly actions: readonly TransactionAction[]
}

export function newTransactionState(version: TransactionVersion): TransactionState {
  return { version, phase: 'uninitialised', identity: { producerId: -1n, epoch: -1 }, ...untouched }
}

/** What holds of a transaction before anything is sent in it. */
const untouched = { outcome: undefined, isAbortOnly: false, isConfirmed: false, hasStragglers: false } as const

/** Events that cannot happen in a state are faults of the caller, and fail an assertion. */
export function nextTransactionState(state: TransactionState, event: TransactionEvent): Transition {
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
