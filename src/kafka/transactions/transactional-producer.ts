import { assert } from '../../core/assert.ts'
import { MillraceError, KafkaError } from '../../core/errors.ts'
import type { OutputBatch } from '../../kernel/index.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import type { Attempt } from '../cluster/coordinator.ts'
import type { GroupMember } from '../membership/group-member.ts'
import { Producer } from '../produce/producer.ts'
import { finalisedVersion } from './finalised-version.ts'
import { PartitionJoins } from './partition-joins.ts'
import { repeatRequest } from './request-loop.ts'
import { transactionError } from './transaction-error.ts'
import { type TopicOffsets, TransactionRequests } from './transaction-requests.ts'
import { nextTransactionState } from './next-transaction-state.ts'
import {
  newTransactionState,
  type Outcome,
  type ProducerIdentity,
  type TransactionAction,
  type TransactionEvent,
  type TransactionRequest,
  type TransactionVersion,
} from './transaction-state.ts'

export interface TransactionalProducerOptions {
  cluster: Cluster
  /** Topics by the sink index that batches carry. */
  topics: readonly Topic[]
  transactionalId: string
  /** How long a transaction may be open before the coordinator aborts it, in milliseconds. */
  transactionTimeoutMs: number
  /** Consumer group whose offsets are committed with the transactions. */
  group: string
  /**
   * The membership to commit with, asked for at each attempt, since it changes when others join. Rejects when this
   * process owns nothing any more.
   *
   * @param stale - The membership that the coordinator has just refused as over, or that it is to confirm.
   */
  member(stale?: GroupMember): Promise<GroupMember>
  /**
   * The open transaction cannot commit; `commit` would reject with the same. Not called while it or `abort` is under
   * way.
   */
  onFailed(error: MillraceError): void
  /** As for `Producer`. */
  onThrottled?(throttleMs: number): void
  /** @defaultValue 2 where the brokers have finalised `transaction.version` 2, else 1 */
  transactionVersion?: TransactionVersion
}

/**
 * Writes record batches and commits consumed offsets in transactions, one after the other: all of a transaction is seen
 * by `read_committed` readers, or nothing.
 *
 * What a call rejects with says how to go on:
 * - `TRANSACTION_FENCED`: another producer has taken over, for good.
 * - `TRANSACTION_OUTCOME_UNKNOWN`: `begin`, and look at what was written.
 * - any other: `abort`; if it is retryable, what was sent may then be sent again.
 *
 * @see TransactionState for how it decides
 */
export class TransactionalProducer {
  readonly #options: TransactionalProducerOptions
  readonly #producer: Producer
  /** For transactions of version 1. */
  readonly #joins: PartitionJoins
  readonly #requests: TransactionRequests
  readonly #stopped = new AbortController()
  #state = newTransactionState(2)
  #isVersionKnown = false
  /** Ends with what may be sent in the open transaction. */
  #transaction = new AbortController()
  #failure: MillraceError | undefined
  /** What a refusal in the open transaction means is being found out. */
  #inquiry: Promise<void> | undefined
  /** A call of `begin`, `commit` or `abort` is under way. */
  #isBusy = false
  /** Whom the producer of batches writes as. */
  #assumed: ProducerIdentity | undefined

  constructor(options: TransactionalProducerOptions) {
    this.#options = options
    this.#requests = new TransactionRequests(options)
    this.#producer = new Producer({
      cluster: options.cluster,
      topics: options.topics,
      onFailed: (error) => this.#fail(error),
      onThrottled: (throttleMs) => options.onThrottled?.(throttleMs),
      transaction: {
        transactionalId: options.transactionalId,
        onRefused: (code) => this.#refused(code),
        onLost: () => void this.#apply({ type: 'lost', request: 'produce' }),
      },
    })
    this.#joins = new PartitionJoins({
      topics: options.topics,
      join: (topics) => this.#ask('join', () => this.#requests.addPartitions(this.#state, topics), confirmed),
      send: (batch, onStored) => this.#producer.send(batch, onStored),
      onFailed: (error) => this.#fail(error),
    })
  }

  /**
   * Becomes the only producer of its transactional id. Resolves once all is written that says how the last transaction
   * of that id ended; one that was open is aborted.
   *
   * Each attempt is made by a process that has just been confirmed as the owner, so that two never fence each other in
   * turns.
   *
   * @throws KafkaError `TRANSACTION_FENCED`, `KAFKA_REFUSED`, `KAFKA_UNAVAILABLE`, and what `member` rejects with.
   */
  begin(): Promise<void> {
    return this.#alone(async () => {
      await this.#inquiry
      if (this.#state.phase === 'fenced') return
      if (!this.#isVersionKnown) await this.#learnVersion()
      this.#giveUp()
      this.#failure = undefined
      await this.#advance({ type: 'begin' })
    })
  }

  /**
   * Queues a batch, which belongs to the producer until `onStored`; the first one opens a transaction. When the
   * transaction fails, `onStored` is not called any more, and the memory of the batch must not be used again.
   */
  send(batch: OutputBatch, onStored: () => void): void {
    if (this.#transaction.signal.aborted) return
    assert(!this.#isBusy, 'nothing is sent while a transaction ends')
    this.#apply({ type: 'touched' })
    const onBatchStored = () => {
      if (!this.#state.isConfirmed) this.#apply(confirmed())
      onStored()
    }
    if (this.#state.version === 2) this.#producer.send(batch, onBatchStored)
    else this.#joins.send(batch, onBatchStored)
  }

  /**
   * Commits what was sent, together with offsets of the group. Resolves once the coordinator has said that it
   * committed; without anything to commit, at once.
   *
   * @throws KafkaError See the class.
   */
  commit(offsets: readonly TopicOffsets[]): Promise<void> {
    return this.#alone(async () => {
      if (this.#failure !== undefined) return
      if (this.#state.phase === 'idle') {
        if (offsets.length === 0) return
        this.#apply({ type: 'touched' })
      }
      // A partition and the group that join a transaction at the same time: brokers refuse one of the two for a while.
      await this.#stored()
        .then(() => this.#commitOffsets(offsets))
        .catch((error) => this.#fail(error))
      await this.#inquiry
      if (this.#failure === undefined) await this.#advance({ type: 'end', outcome: 'commit' })
    })
  }

  /**
   * Gives up what was sent since the last end. Resolves once the next transaction may begin.
   *
   * @throws KafkaError `TRANSACTION_FENCED`, or `TRANSACTION_OUTCOME_UNKNOWN` where only `begin` leads on.
   */
  abort(): Promise<void> {
    return this.#alone(async () => {
      await this.#inquiry
      if (this.#state.phase === 'fenced' || this.#state.phase === 'uninitialised') return
      if (this.#state.phase === 'open') this.#giveUp()
      this.#failure = undefined
      await this.#advance({ type: 'end', outcome: 'abort' })
    })
  }

  /** Leaves everything as it is: what is open, the coordinator aborts in time. Calls under way reject. */
  stop(): void {
    this.#failure ??= new KafkaError('KAFKA_CLOSED', 'the producer was stopped')
    this.#stopped.abort(this.#failure)
    this.#giveUp()
  }

  /** Runs one of the calls that must not overlap, and rejects with the failure that it ends in. */
  async #alone(run: () => Promise<void>): Promise<void> {
    assert(!this.#isBusy, 'begin, commit and abort wait for each other')
    this.#isBusy = true
    try {
      await run().catch((error) => this.#fail(error))
    } finally {
      this.#isBusy = false
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async #stored(): Promise<void> {
    await this.#joins.whenJoined()
    await this.#producer.flush()
  }

  async #commitOffsets(offsets: readonly TopicOffsets[]): Promise<void> {
    if (offsets.length === 0) return
    if (this.#state.version === 1) await this.#ask('join', () => this.#requests.addOffsets(this.#state), confirmed)
    let member: GroupMember | undefined
    const attempt = async (isMemberOver: boolean) => {
      member = await this.#options.member(isMemberOver ? member : undefined)
      return this.#requests.commitOffsets(this.#state, member, offsets)
    }
    await this.#ask('commitOffsets', attempt, confirmed)
  }

  /** Asks a coordinator until it answers, and goes on from there; or does what a refusal demands. */
  async #ask<Response>(
    request: Exclude<TransactionRequest, 'produce'>,
    attempt: (isMemberOver: boolean) => Promise<Attempt<Response>>,
    eventOf: (response: Response) => TransactionEvent,
  ): Promise<void> {
    const { cluster, transactionalId } = this.#options
    const ofTransaction = request === 'join' || request === 'commitOffsets'
    const { signal } = ofTransaction ? this.#transaction : this.#stopped
    const apply = (event: TransactionEvent) => this.#apply(event)
    const end = await repeatRequest({ cluster, transactionalId, request, signal, attempt, apply })
    if (end.type === 'answered') return this.#advance(eventOf(end.response))
    await (ofTransaction ? this.#inquire(end.actions, end.error) : this.#perform(end.actions, end.error))
    signal.throwIfAborted()
  }

  #refused(code: number): void {
    void this.#inquire(this.#apply({ type: 'refused', request: 'produce', code }))
  }

  /** Gives up the open transaction over a refusal, and finds out what that means. */
  #inquire(actions: readonly TransactionAction[], cause?: MillraceError): Promise<void> {
    this.#giveUp()
    this.#inquiry = this.#perform(actions, cause)
      .catch((error) => this.#fail(error))
      .finally(() => (this.#inquiry = undefined))
    return this.#inquiry
  }

  async #advance(event: TransactionEvent): Promise<void> {
    await this.#perform(this.#apply(event))
  }

  #apply(event: TransactionEvent): readonly TransactionAction[] {
    const { state, actions } = nextTransactionState(this.#state, event)
    this.#state = state
    return actions
  }

  async #perform(actions: readonly TransactionAction[], cause?: MillraceError): Promise<void> {
    for (const action of actions) {
      if (action.type === 'initialise') await this.#initialise(action.expected)
      else if (action.type === 'end') await this.#end(action.outcome)
      else if (action.type === 'ready') this.#ready()
      else if (action.type !== 'retry') this.#fail(transactionError(action, this.#options, cause))
    }
  }

  #initialise(expected: ProducerIdentity | undefined): Promise<void> {
    this.#giveUp()
    return this.#ask(
      'initialise',
      async () => {
        if (expected === undefined) await this.#confirmOwnership()
        return this.#requests.initialise(expected)
      },
      (identity) => ({ type: 'initialised', identity }),
    )
  }

  /** Whoever becomes the producer fences the one before: only the owner of this very moment may. */
  async #confirmOwnership(): Promise<void> {
    await this.#options.member(await this.#options.member())
  }

  #end(outcome: Outcome): Promise<void> {
    return this.#ask(
      'end',
      () => this.#requests.end(this.#state, outcome),
      (identity) => ({ type: 'ended', ...(identity && { identity }) }),
    )
  }

  /** Lets the next transaction begin. */
  #ready(): void {
    const { identity, version } = this.#state
    this.#transaction = new AbortController()
    this.#joins.reset()
    if (identity === this.#assumed) return
    this.#assumed = identity
    this.#producer.assume(identity, version)
  }

  /** Ends what the open transaction still waits for. */
  #giveUp(): void {
    this.#transaction.abort(givenUp)
    this.#producer.stop(givenUp)
    this.#joins.giveUp()
  }

  #fail(error: unknown): void {
    if (!MillraceError.is(error)) throw error
    if (error === givenUp || this.#failure !== undefined) return
    this.#failure = error
    if (this.#state.phase === 'open') this.#apply({ type: 'broke' })
    this.#giveUp()
    if (!this.#isBusy) this.#options.onFailed(error)
  }

  async #learnVersion(): Promise<void> {
    const { cluster, transactionVersion } = this.#options
    this.#state = newTransactionState(transactionVersion ?? (await finalisedVersion(cluster)))
    this.#isVersionKnown = true
  }
}

/** An answer has shown that the coordinator has opened the transaction. */
const confirmed = (): TransactionEvent => ({ type: 'confirmed' })

/** What still waits in a transaction that is given up ends with this; the failure itself is kept apart. */
const givenUp = new KafkaError('TRANSACTION_ABORTED', 'the transaction was given up')
