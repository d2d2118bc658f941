import { EventEmitter, once } from 'node:events'
import { assert } from '../../core/assert.ts'
import { systemClock, type Timer } from '../../core/clock.ts'
import { type MillraceError, KafkaError } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { Secret } from '../../core/secret.ts'
import { untoldWaits } from '../cluster/broker-waits.ts'
import { LoopSigns } from './loop-signs.ts'
import type { MemberOptions } from './membership-options.ts'
import { plainClusterOptions } from './plain-cluster-options.ts'
import { newInstanceId, type ProcessIdentity } from './process-identity.ts'
import { type MemberMessage, SharedThread, type ThreadPort } from './shared-thread.ts'
import { startTicking } from './stall-watch.ts'
import { errorOf, type ToMember, type MemberSettings } from './thread.ts'
import { ThreadWaits } from './thread-waits.ts'

/** Messages that are about the membership itself, and not about the thread. */
export type MembershipMessage = Exclude<
  MemberMessage,
  { kind: 'tokenWanted' | 'stoodStill' | 'waiting' | 'waitOver' | 'ended' }
>

/** A membership on the thread of all, as the main thread has it: how it is told and heard, and what its end means. */
export class MembershipThread {
  /** By what the other members know this one. */
  readonly name: string
  readonly #options: MemberOptions
  readonly #hear: (message: MembershipMessage) => void
  readonly #port: ThreadPort
  readonly #ticking: Timer
  readonly #exited = Promise.withResolvers<void>()
  readonly #waits: ThreadWaits
  readonly #events = new EventEmitter<{ change: [] }>()
  #failure: MillraceError | undefined
  #isJoined = false

  constructor(
    options: MemberOptions,
    part: MemberSettings['part'],
    self: ProcessIdentity,
    hear: (message: MembershipMessage) => void,
  ) {
    this.#options = options
    this.#hear = hear
    this.#waits = new ThreadWaits(options.cluster.waits ?? untoldWaits)
    const { cluster, group, sessionTimeoutMs, heartbeatIntervalMs, maxStallMs } = options
    const { stalledExitMs = 0, loop = new LoopSigns() } = options
    this.name = newInstanceId(self, systemRandom)
    const settings: MemberSettings = {
      cluster: plainClusterOptions(cluster),
      group,
      part,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      maxStallMs,
      stalledExitMs,
      loop: loop.memory,
      instanceId: this.name,
    }
    this.#port = SharedThread.connect(settings, {
      hear: (message) => this.#receive(message),
      crashed: (cause) => this.#end(broken(group, 'its thread has crashed', cause)),
      closed: () => {
        this.#waits.endAll()
        this.#end(broken(group, 'its thread has ended'))
        this.#exited.resolve()
      },
    })
    this.#ticking = startTicking(systemClock, loop, maxStallMs)
  }

  /** Why the membership is over; undefined while it is not. */
  get failure(): MillraceError | undefined {
    return this.#failure
  }

  /** Resolves once this is so; leaves the group and rejects where joining fails or is given up. */
  async joined(isSo: () => boolean): Promise<void> {
    try {
      await this.until(isSo, this.#options.signal)
    } catch (error) {
      await this.leave()
      throw error
    }
    this.#isJoined = true
  }

  /** Resolves once this is so after a message; rejects with what has ended the membership, and the signal's reason. */
  async until(isSo: () => boolean, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#failure !== undefined) throw this.#failure
      if (isSo()) return
      // It rejects only because of the signal, but with an error of its own.
      await once(this.#events, 'change', { signal }).catch(() => {})
    }
  }

  /** Once the membership has ended nobody hears it. */
  tell(message: ToMember): void {
    this.#port.tell(message)
  }

  /** Leaves the group; leaving twice does nothing. */
  async leave(): Promise<void> {
    this.#end(new KafkaError('KAFKA_CLOSED', 'the membership was left'), false)
    this.tell({ kind: 'leave' })
    await this.#exited.promise
  }

  #receive(message: MemberMessage): void {
    switch (message.kind) {
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
      case 'generation':
      case 'revoking':
      case 'joined':
      case 'epoch':
      case 'gained':
      case 'losing':
      case 'standingBy':
      case 'stopping':
      case 'degraded':
      case 'members':
      case 'membersUnknown':
        this.#hear(message)
        this.#events.emit('change')
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

  async #provideToken(): Promise<void> {
    const { sasl } = this.#options.cluster
    try {
      assert(
        sasl !== undefined && sasl !== false && sasl.mechanism === 'OAUTHBEARER' && typeof sasl.token === 'function',
        'the thread asks for tokens only where a function provides them',
      )
      this.tell({ kind: 'token', token: Secret.of(await sasl.token()).reveal() })
    } catch (error) {
      this.tell({ kind: 'tokenFailed', reason: String(error) })
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
