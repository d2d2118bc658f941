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
export const untouched = { outcome: undefined, isAbortOnly: false, isConfirmed: false, hasStragglers: false } as const
