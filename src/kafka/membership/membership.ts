import { EventEmitter, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { assert } from '../../core/assert.ts'
import { systemClock, type Timer } from '../../core/clock.ts'
import { moduleUrl } from '../../core/code-root.ts'
import { type MillraceError, KafkaError } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { Secret } from '../../core/secret.ts'
import { threadFlags } from '../../core/thread-flags.ts'
import { untoldWaits } from '../cluster/broker-waits.ts'
import type { GroupMember } from './group-member.ts'
import { LoopSigns } from './loop-signs.ts'
import type { MembershipOptions } from './membership-options.ts'
import { ownershipLost } from './ownership-lost.ts'
import { plainClusterOptions } from './plain-cluster-options.ts'
import { currentProcess, newInstanceId } from './process-identity.ts'
import { startTicking } from './stall-watch.ts'
import { errorOf, type ToMain, type ToWorker, type WorkerSettings } from './thread.ts'
import { ThreadWaits } from './thread-waits.ts'

/**
 * This process among those of one application, of which one is active, the owner of a partition, while the others stand
 * by. All that is said to Kafka for it is said by a thread of its own.
 *
 * - The owner stays the owner, whoever joins and leaves. It is told of no rebalance: `member` has the generation.
 * - When it leaves, or dies with a standby on its host, the one that stood by longest takes over within a heartbeat
 *   interval; when it dies alone, the same process started again does so; with other hosts left, after the session
 *   timeout.
 * - A membership that is lost is over: join again, to stand by or as the owner.
 */
export class Membership implements AsyncDisposable {
  readonly #options: MembershipOptions
  readonly #worker: Worker
  readonly #ticking: Timer
  readonly #exited = Promise.withResolvers<void>()
  readonly #waits: ThreadWaits
  readonly #events = new EventEmitter<{ change: [] }>()
  #present: { member: GroupMember; isOwner: boolean } | undefined
  /** How often the worker has told the generation. */
  #toldCount = 0
  #failure: MillraceError | undefined
  #isJoined = false

  /**
   * Resolves once this process is in the group, as the owner or a standby. That takes as long as the coordinator waits
   * for members that do not answer, at most until the end of their sessions.
   *
   * @throws KafkaError `KAFKA_UNAVAILABLE`, `KAFKA_REFUSED`, and what a connection fails with.
   */
  static async join(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options)
    try {
      await membership.#until(() => membership.#present !== undefined, options.signal)
    } catch (error) {
      await membership.leave()
      throw error
    }
    membership.#isJoined = true
    return membership
  }

  private constructor(options: MembershipOptions) {
    this.#options = options
    this.#waits = new ThreadWaits(options.cluster.waits ?? untoldWaits)
    const { cluster, group, topic, sessionTimeoutMs, heartbeatIntervalMs, maxStallMs, hostId } = options
    const { stalledExitMs = 0, loop = new LoopSigns() } = options
    const settings: WorkerSettings = {
      cluster: plainClusterOptions(cluster),
      group,
      topic,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      maxStallMs,
      stalledExitMs,
      loop: loop.memory,
      instanceId: newInstanceId(currentProcess(hostId), systemRandom),
    }
    const entry = moduleUrl('kafka/membership/worker-entry')
    this.#worker = new Worker(entry, { workerData: settings, name: 'millrace-membership', ...threadFlags })
    this.#worker.on('message', (message: ToMain) => this.#hear(message))
    this.#worker.on('error', (cause) => this.#end(broken(group, 'its thread has crashed', cause)))
    this.#worker.on('exit', () => {
      this.#waits.endAll()
      this.#end(broken(group, 'its thread has ended'))
      this.#exited.resolve()
    })
    this.#ticking = startTicking(systemClock, loop, maxStallMs)
  }

  get isOwner(): boolean {
    return this.#failure === undefined && this.#present!.isOwner
  }

  /**
   * Resolves when this process is the owner.
   *
   * @throws KafkaError why the membership has ended, and the reason of `signal`.
   */
  owned(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.isOwner, signal)
  }

  /**
   * With what the owner commits offsets.
   *
   * @param stale - What the coordinator has refused: resolves with what takes its place, or with the same once the
   * coordinator has confirmed it.
   * @throws KafkaError `OWNERSHIP_LOST`
   */
  async member(stale?: GroupMember): Promise<GroupMember> {
    const { member } = this.#owner()
    if (stale?.generationId !== member.generationId || stale.memberId !== member.memberId) return member
    const toldCount = this.#toldCount
    this.#tell({ kind: 'confirm' })
    await this.#until(() => this.#toldCount > toldCount)
    return this.#owner().member
  }

  /**
   * Resolves once the coordinator has confirmed that this process is the owner.
   *
   * @throws KafkaError `OWNERSHIP_LOST`
   */
  async confirm(): Promise<void> {
    await this.member(this.#owner().member)
  }

  /** Leaves the group, where a standby takes over at once. Leaving twice does nothing. */
  async leave(): Promise<void> {
    this.#end(new KafkaError('KAFKA_CLOSED', 'the membership was left'), false)
    this.#tell({ kind: 'leave' })
    await this.#exited.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }

  #owner(): { member: GroupMember } {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#present!.isOwner) throw ownershipLost(this.#options.group, 'it stands by')
    return this.#present!
  }

  #hear(message: ToMain): void {
    switch (message.kind) {
      case 'generation':
        this.#present = message
        this.#toldCount++
        this.#events.emit('change')
        return
      case 'revoking':
        return void this.#revoke()
      case 'tokenWanted':
        return void this.#provideToken()
      case 'stoodStill':
        return this.#options.onStoodStill?.(message.facts)
      case 'waiting':
        return this.#waits.note(message)
      case 'waitOver':
        return this.#waits.end(message.id)
      case 'ended':
        return this.#end(errorOf(message.failure))
    }
  }

  /** Takes the end that comes first for the end. */
  #end(failure: MillraceError, isLoss = this.#isJoined): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#ticking.cancel()
    this.#events.emit('change')
    if (isLoss) this.#options.onLost(failure)
  }

  async #revoke(): Promise<void> {
    await this.#options.onRevoked?.()
    this.#tell({ kind: 'revoked' })
  }

  async #provideToken(): Promise<void> {
    const { sasl } = this.#options.cluster
    try {
      assert(
        sasl !== undefined && sasl !== false && sasl.mechanism === 'OAUTHBEARER' && typeof sasl.token === 'function',
        'the thread asks for tokens only where a function provides them',
      )
      this.#tell({ kind: 'token', token: Secret.of(await sasl.token()).reveal() })
    } catch (error) {
      this.#tell({ kind: 'tokenFailed', reason: String(error) })
    }
  }

  /** Once the thread has ended nobody hears it. */
  #tell(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  async #until(isSo: () => boolean, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#failure !== undefined) throw this.#failure
      if (isSo()) return
      // It rejects only because of the signal, but with an error of its own.
      await once(this.#events, 'change', { signal }).catch(() => {})
    }
  }
}

function broken(group: string, why: string, cause?: unknown): KafkaError {
  return new KafkaError(
    'MEMBERSHIP_BROKEN',
    `the membership of this process in group "${group}" is over: ${why}`,
    { group },
    cause,
  )
}
