import { assert } from '../../core/assert.ts'
import { sleep } from '../../core/clock.ts'
import { MillraceError, KafkaError } from '../../core/errors.ts'
import type { OutputBatch } from '../../kernel/index.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import type { Attempt } from '../cluster/coordinator.ts'
import type { GroupMember } from '../membership/group-member.ts'
import { Producer } from '../produce/producer.ts'
import { RequestWait } from './request-wait.ts'
import { retryDelayMs, soonDelayMs } from '../cluster/retry.ts'
import { transactionError } from './transaction-error.ts'
import { type TopicOffsets, TransactionRequests } from './transaction-requests.ts'
import {
  newTransactionState,
  nextTransactionState,
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
  /** Partitions that are part of the transaction, where they have to be announced. */
  readonly #joined = new Set<string>()
  #unjoined: Outgoing[] = []
  #joining: Promise<void> | undefined

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
    const outgoing: Outgoing = {
      batch,
      onStored: () => {
        if (!this.#state.isConfirmed) this.#apply({ type: 'confirmed' })
        onStored()
      },
    }
    if (this.#state.version === 2 || this.#joined.has(keyOf(batch)))
      return this.#producer.send(batch, outgoing.onStored)
    this.#unjoined.push(outgoing)
    this.#joining ??= this.#join()
      .catch((error) => this.#fail(error))
      .finally(() => (this.#joining = undefined))
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
      await Promise.all([this.#stored(), this.#commitOffsets(offsets)]).catch((error) => this.#fail(error))
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
    await this.#joining
    await this.#producer.flush()
  }

  async #commitOffsets(offsets: readonly TopicOffsets[]): Promise<void> {
    if (offsets.length === 0) return
    const confirmed = () => ({ type: 'confirmed' }) as const
    if (this.#state.version === 1) await this.#ask('join', () => this.#requests.addOffsets(this.#state), confirmed)
    let member: GroupMember | undefined
    const attempt = async (isMemberOver: boolean) => {
      member = await this.#options.member(isMemberOver ? member : undefined)
      return this.#requests.commitOffsets(this.#state, member, offsets)
    }
    await this.#ask('commitOffsets', attempt, confirmed)
  }

  /** Takes the partitions of batches that wait into the transaction; those of one turn share a request. */
  async #join(): Promise<void> {
    while (this.#unjoined.length > 0) {
      await Promise.resolve()
      const partitions = this.#unjoined.map(({ batch }) => ({ sink: batch.sink, partition: batch.partition }))
      const topics = this.#options.topics.map(({ name }, sink) => ({
        name,
        partitions: [...new Set(partitions.filter((p) => p.sink === sink).map(({ partition }) => partition))],
      }))
      const named = topics.filter((topic) => topic.partitions.length > 0)
      await this.#ask(
        'join',
        () => this.#requests.addPartitions(this.#state, named),
        () => ({ type: 'confirmed' }),
      )
      for (const partition of partitions) this.#joined.add(keyOf(partition))
      // Others of the same partitions have come after them meanwhile, and must stay after them.
      const waiting = this.#unjoined
      this.#unjoined = waiting.filter(({ batch }) => !this.#joined.has(keyOf(batch)))
      for (const { batch, onStored } of waiting)
        if (this.#joined.has(keyOf(batch))) this.#producer.send(batch, onStored)
    }
  }

  /** Asks a coordinator until it answers, and goes on from there; or does what a refusal demands. */
  async #ask<Response>(
    request: Exclude<TransactionRequest, 'produce'>,
    attempt: (isMemberOver: boolean) => Promise<Attempt<Response>>,
    eventOf: (response: Response) => TransactionEvent,
  ): Promise<void> {
    const { clock, random, deadlineMs } = this.#options.cluster.retryPolicy
    const ofTransaction = request === 'join' || request === 'commitOffsets'
    const { signal } = ofTransaction ? this.#transaction : this.#stopped
    const endMs = clock.monotonicMs() + deadlineMs
    let isMemberOver = false
    using wait = new RequestWait(this.#options, request)
    for (let count = 0; ; count++) {
      const result: Attempt<Response> = await unlessAborted(attempt(isMemberOver), signal)
      if (result.type === 'answered') return this.#advance(eventOf(result.response))
      const error = 'error' in result ? result.error : undefined
      let actions: readonly TransactionAction[] =
        result.type === 'unreachable' ? unreachable : this.#apply({ ...result, request })
      const isLast = clock.monotonicMs() > endMs || error?.retryable === false
      if (actions[0]?.type === 'retry' && isLast) actions = this.#apply({ type: 'gaveUp', request })
      const [retry] = actions
      if (retry?.type !== 'retry') {
        await (ofTransaction ? this.#inquire(actions, error) : this.#perform(actions, error))
        return signal.throwIfAborted()
      }
      wait.goesOn(result)
      isMemberOver = retry.isMemberOver === true
      await sleep(clock, retry.pause === 'soon' ? soonDelayMs(count) : retryDelayMs(count, random), signal)
    }
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
    this.#joined.clear()
    if (identity === this.#assumed) return
    this.#assumed = identity
    this.#producer.assume(identity, version)
  }

  /** Ends what the open transaction still waits for. */
  #giveUp(): void {
    this.#transaction.abort(givenUp)
    this.#producer.stop(givenUp)
    this.#unjoined = []
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

interface Outgoing {
  batch: OutputBatch
  onStored: () => void
}

/** What still waits in a transaction that is given up ends with this; the failure itself is kept apart. */
const givenUp = new KafkaError('TRANSACTION_ABORTED', 'the transaction was given up')

const unreachable: readonly TransactionAction[] = [{ type: 'retry', pause: 'backoff' }]

function keyOf({ sink, partition }: { sink: number; partition: number }): string {
  return `${sink} ${partition}`
}

/** The version of transactions that the brokers have finalised. */
async function finalisedVersion(cluster: Cluster): Promise<TransactionVersion> {
  const software = { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' }
  const { finalizedFeatures } = await cluster.ask('asking for features', apis.features, software)
  const feature = finalizedFeatures.find(({ name }) => name === 'transaction.version')
  return (feature?.maxVersionLevel ?? 0) >= 2 ? 2 : 1
}

/** What a promise comes to, unless the signal aborts first. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    const forget = () => signal.removeEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(forget)
  })
}
