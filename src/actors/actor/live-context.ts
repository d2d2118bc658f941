import type { Clock, Timer } from '../../core/clock.ts'
import type { SupervisorRef } from '../supervision/supervisor-ref.ts'
import type { GroupRef } from '../routing/group-ref.ts'
import type { Runtime } from '../system/runtime.ts'
import { sendAfter, sendEvery } from '../timers/message-timers.ts'
import { ReceiveTimeout } from '../timers/receive-timeout.ts'
import type { ActorContext } from './actor.ts'
import type { ActorMessage, ActorRef } from './ref.ts'
import type { DownNotice, Monitor } from './monitor.ts'

/** What the context of an incarnation asks of it. */
export interface ContextOwner {
  readonly number: number
  hasWishes: boolean
  leave(): void
  isBusy(): boolean
  stash(): void
  unstashAll(): void
  link(ref: ActorRef<never>): Monitor
}

/** What an actor sees of itself during one incarnation. What it holds is let go when the incarnation ends. */
export class LiveContext implements ActorContext<ActorMessage> {
  readonly self: ActorRef<ActorMessage>
  readonly clock: Clock
  readonly #owner: ContextOwner
  readonly #runtime: Runtime
  #held: Set<{ cancel(): void }> | undefined
  #abort: AbortController | undefined
  #isClosed = false
  #idle: ReceiveTimeout | undefined

  constructor(self: ActorRef<ActorMessage>, runtime: Runtime, owner: ContextOwner) {
    this.self = self
    this.clock = runtime.clock
    this.#runtime = runtime
    this.#owner = owner
  }

  get path(): string {
    return this.self.path
  }

  get incarnation(): number {
    return this.#owner.number
  }

  // Made when first asked for: most actors never do, and restarts are to be cheap.
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#isClosed) this.#abort.abort()
    return this.#abort.signal
  }

  stop(): void {
    this.#owner.leave()
  }

  ref<Other extends ActorMessage>(actor: Parameters<ActorContext<ActorMessage>['ref']>[0]): ActorRef<Other> {
    return this.#runtime.actors.find(actor) as unknown as ActorRef<Other>
  }

  supervisor(address: string): SupervisorRef {
    return this.#runtime.supervisors.find(address)
  }

  group<Other extends ActorMessage>(address: string): GroupRef<Other> {
    return this.#runtime.groups.find(address) as unknown as GroupRef<Other>
  }

  monitor(ref: ActorRef<never>, toMessage: (notice: DownNotice) => ActorMessage): Monitor {
    return this.#hold(ref.monitor((notice) => void this.self.tell(toMessage(notice))))
  }

  link(ref: ActorRef<never>): Monitor {
    return this.#owner.link(ref)
  }

  sendAfter(ms: number, message: ActorMessage): Timer {
    const timer: Timer = this.#hold(
      sendAfter(
        this.clock,
        ms,
        () => this.self.tell(message),
        () => this.#held?.delete(timer),
      ),
    )
    return timer
  }

  sendEvery(ms: number, message: ActorMessage): Timer {
    return this.#hold(sendEvery(this.clock, ms, () => this.self.tell(message)))
  }

  receiveTimeout(ms: number, message: ActorMessage): Timer {
    this.#idle?.cancel()
    const isBusy = () => this.#owner.isBusy()
    const idle = new ReceiveTimeout(this.clock, ms, isBusy, () => void this.self.tell(message))
    this.#idle = idle
    this.#owner.hasWishes = true
    return this.#hold(idle)
  }

  stash(): void {
    this.#owner.stash()
  }

  unstashAll(): void {
    this.#owner.unstashAll()
  }

  get hasReceiveTimeout(): boolean {
    return this.#idle !== undefined
  }

  /** Says that a message has been handled. */
  touch(): void {
    this.#idle?.touch()
  }

  /** Aborts the signal and cancels monitors and timers. */
  close(): void {
    this.#isClosed = true
    this.#abort?.abort()
    for (const held of this.#held ?? []) held.cancel()
  }

  #hold(held: { cancel(): void }): { cancel(): void } {
    const hold = {
      cancel: () => {
        held.cancel()
        this.#held?.delete(hold)
      },
    }
    if (this.#isClosed) held.cancel()
    else (this.#held ??= new Set()).add(hold)
    return hold
  }
}
