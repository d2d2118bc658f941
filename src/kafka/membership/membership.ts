import { EventEmitter, once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { assert } from '../../core/assert.ts'
import { systemClock, type Timer } from '../../core/clock.ts'
import { type MillraceError, KafkaError } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { Secret } from '../../core/secret.ts'
import { untoldWaits, type Wait } from '../cluster/broker-waits.ts'
import type { GroupMember } from './group-member.ts'
import { LoopSigns } from './loop-signs.ts'
import { ownershipLost } from './ownership-lost.ts'
import { plainClusterOptions, type SharedClusterOptions } from './plain-cluster-options.ts'
import { currentProcess, newInstanceId } from './process-identity.ts'
import { startTicking } from './stall-watch.ts'
import { errorOf, type StallFacts, type ToMain, type ToWorker, type WorkerSettings } from './thread.ts'

export interface MembershipOptions {
  readonly cluster: SharedClusterOptions
  readonly group: string
  /** Its first partition is what one member owns. The topic need not be read. */
  readonly topic: string
  /**
   * How long a member that is silent keeps its place; at least what the broker allows, which is 6,000 ms by default.
   */
  readonly sessionTimeoutMs: number
  /** How often members say that they are alive, and so how fast they learn of each other. */
  readonly heartbeatIntervalMs: number
  /** How long the main loop of an owner may stand still before it leaves the group. */
  readonly maxStallMs: number
  /**
   * How long the main loop may stand still after that before the process is ended, which no signal could do.
   * @defaultValue 0, which sets no bound
   */
  readonly stalledExitMs?: number
  /** Where the main loop is. @defaultValue nothing is told of that */
  readonly loop?: LoopSigns
  /** Called, once the main loop turns again, when it had stood still for long. */
  onStoodStill?(facts: StallFacts): void
  /** Called once when the membership ends otherwise than by `leave`. The owner that it was must stop. */
  onLost(error: MillraceError): void
  /**
   * Called when another member was made the owner, which only a foreign member does. What it returns is awaited, for up
   * to `sessionTimeoutMs`, before this member leaves; until then `member` tells with what to commit. `onLost` follows.
   */
  onRevoked?(): Promise<void>
  /** Gives up joining. */
  readonly signal?: AbortSignal
  /**
   * Names the machine and the namespace that its process ids count in: a member removes others of the same name whose
   * processes have ended. @defaultValue made of what the system says
   */
  readonly hostId?: string
}

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
  /** Of the thread, by its numbers. */
  readonly #waits = new Map<number, Wait>()
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
    // The thread runs the file beside this one: .ts in a checkout, .js when built.
    const entry = new URL(`./worker-entry${extname(import.meta.url)}`, import.meta.url)
    this.#worker = new Worker(entry, { workerData: settings, name: 'millrace-membership' })
    this.#worker.on('message', (message: ToMain) => this.#hear(message))
    this.#worker.on('error', (cause) => this.#end(broken(group, 'its thread has crashed', cause)))
    this.#worker.on('exit', () => {
      for (const id of this.#waits.keys()) this.#endWait(id)
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
        return this.#noteWait(message)
      case 'waitOver':
        return this.#endWait(message.id)
      case 'ended':
        return this.#end(errorOf(message.failure))
    }
  }

  #noteWait({ id, what, failure }: Extract<ToMain, { kind: 'waiting' }>): void {
    const { waits = untoldWaits } = this.#options.cluster
    const wait = this.#waits.get(id) ?? waits.begin(what)
    this.#waits.set(id, wait)
    if (failure !== undefined) wait.failed(errorOf(failure))
  }

  #endWait(id: number): void {
    this.#waits.get(id)?.end()
    this.#waits.delete(id)
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
