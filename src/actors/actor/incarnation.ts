import type { Runtime } from '../system/runtime.ts'
import { type Linked, Links } from './links.ts'
import { type ContextOwner, LiveContext } from './live-context.ts'
import type { ActorMessage, ActorRef } from './ref.ts'
import type { DownNotice, Monitor } from './monitor.ts'

/** What an incarnation asks of the actor that it is one of. */
export interface IncarnationOwner {
  wake(): void
  /** Whether there is work, done or waiting. */
  isBusy(): boolean
  checkStash(): void
  link(life: Incarnation, ref: ActorRef<never>): Monitor
  onLinkedDown(life: Incarnation, notice: DownNotice): void
}

/** One life of an actor, from `init` to the end of `onStop`. */
export class Incarnation implements ContextOwner, Linked {
  readonly number: number
  readonly context: LiveContext
  readonly #owner: IncarnationOwner
  #links: Links | undefined
  phase: 'starting' | 'running' | 'ending' | 'over' = 'starting'
  state: unknown
  /** Whether `init` succeeded, so that `onStop` is due. */
  hasState = false
  /** Whether the actor asked to stop. */
  isLeaving = false
  /** What the handler at work wants done with its message, and with those set aside, once it has finished. */
  isStashing = false
  isUnstashing = false
  /** Whether it wants any of these, or to be told of messages: one look suffices where it wants nothing. */
  hasWishes = false
  /** The asynchronous `init` or handler at work; it never rejects. */
  atWork: Promise<void> | undefined
  /** Resolves when this incarnation is down, once its end has begun. */
  down: Promise<void> | undefined
  /** Resolves when its supervisor has been told, if a broken link ends it. */
  left: Promise<void> | undefined
  /** Tells whoever waits for its start that it is over. */
  onOver: (() => void) | undefined

  constructor(number: number, self: ActorRef<ActorMessage>, runtime: Runtime, owner: IncarnationOwner) {
    this.number = number
    this.#owner = owner
    this.context = new LiveContext(self, runtime, this)
  }

  // Made when first asked for: most actors have none.
  get links(): Links {
    this.#links ??= new Links()
    return this.#links
  }

  leave(): void {
    this.isLeaving = true
    this.#owner.wake()
  }

  isBusy(): boolean {
    return this.#owner.isBusy()
  }

  stash(): void {
    this.#owner.checkStash()
    this.isStashing = true
    this.hasWishes = true
  }

  unstashAll(): void {
    this.isUnstashing = true
    this.hasWishes = true
  }

  link(ref: ActorRef<never>): Monitor {
    return this.#owner.link(this, ref)
  }

  onLinkedDown(notice: DownNotice): void {
    this.#owner.onLinkedDown(this, notice)
  }

  breakLinks(notice: DownNotice): void {
    this.#links?.break(this, notice)
  }
}
