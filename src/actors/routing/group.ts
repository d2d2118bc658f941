import { ActorError } from '../../core/errors.ts'
import type { Answer, AskOptions, Question } from '../actor/ask.ts'
import { type ActorMessage, askInbox, type Inbox } from '../actor/ref.ts'
import type { AddedChild, SupervisorRef } from '../supervision/supervisor-ref.ts'
import type { Clock } from '../../core/clock.ts'
import { Autoscaler } from './autoscaler.ts'
import { broadcast } from './broadcast.ts'
import type { GroupPlan } from './group-plan.ts'
import type { GroupRef } from './group-ref.ts'
import { createRoute, type Route } from './routing.ts'

/** The children of the group's supervisor at this moment, and a number that changes with them. */
interface Members {
  readonly version: number
  readonly all: readonly {
    readonly id: string
    readonly isWanted: boolean
    readonly started: object | undefined
    readonly child: MemberChild
  }[]
}

interface MemberChild {
  actors(): readonly Inbox[]
}

/** Routes the messages of a group, and changes its size. */
export class Group implements GroupRef<ActorMessage> {
  readonly path: string
  readonly #supervisor: SupervisorRef
  readonly #plan: GroupPlan
  readonly #members: Members
  readonly #route: Route<Inbox>
  readonly #scaler: Autoscaler | undefined
  readonly #draining = new Set<string>()
  #seenVersion = -1
  #inboxes: readonly Inbox[] = []
  #resizing: Promise<void> = Promise.resolve()

  constructor(supervisor: SupervisorRef, plan: GroupPlan, members: Members, clock: Clock) {
    this.path = supervisor.path
    this.#supervisor = supervisor
    this.#plan = plan
    this.#members = members
    this.#route = createRoute(plan.routing === 'all' ? 'roundRobin' : plan.routing)
    this.#scaler = plan.autoscale && new Autoscaler(plan.autoscale, clock, this)
  }

  get size(): number {
    return this.#routable().length
  }

  /** Messages pending, of all members. */
  get load(): number {
    return this.#routable().reduce((sum, { load }) => sum + load, 0)
  }

  readonly tell = (message: ActorMessage): Promise<void> => {
    if (this.#plan.routing === 'all') return this.broadcast(message)
    const inbox = this.#route(message, this.#routable())
    const room = inbox.deliver(message)
    this.#scaler?.onSent(inbox.load)
    return room
  }

  readonly broadcast = (message: ActorMessage): Promise<void> => {
    const room = broadcast(this.#routable(), message)
    this.#scaler?.onSent(this.load / this.size)
    return room
  }

  ask<Asked extends Question<ActorMessage>>(
    question: Asked,
    options?: AskOptions,
  ): Promise<Answer<ActorMessage, Asked>> {
    const inbox = this.#route(question, this.#routable())
    const answer = askInbox(inbox, question, options)
    this.#scaler?.onSent(inbox.load)
    return answer as Promise<Answer<ActorMessage, Asked>>
  }

  resize(size: number): Promise<void> {
    const { min, max } = this.#plan.autoscale ?? { min: 1, max: Infinity }
    if (!Number.isInteger(size) || size < min || size > max) {
      const fault = `the size of the group must be a whole number from ${min} to ${max}`
      const error = new ActorError('ACTOR_SPEC_INVALID', `${this.path}: ${fault}`, { path: this.path, fault })
      return Promise.reject(error)
    }
    const resized = this.#resizing.then(() => this.#resizeTo(size))
    this.#resizing = resized.catch(() => {})
    return resized
  }

  /** Follows the backlog from now on. */
  open(): void {
    this.#scaler?.open()
  }

  /** Stops following it. */
  close(): void {
    this.#scaler?.close()
    this.#draining.clear()
    this.#seenVersion = -1
  }

  async #resizeTo(size: number): Promise<void> {
    while (this.size < size) await this.#supervisor.startChild(this.#nextMember())
    while (this.size > size) await this.#remove(this.#members.all.findLast(({ id }) => !this.#draining.has(id))!.id)
  }

  async #remove(id: string): Promise<void> {
    this.#draining.add(id)
    this.#seenVersion = -1
    try {
      await this.#supervisor.terminateChild(id, { drainMs: this.#plan.drainMs })
      if (this.#members.all.some((member) => member.id === id)) await this.#supervisor.deleteChild(id)
    } finally {
      this.#draining.delete(id)
      this.#seenVersion = -1
    }
  }

  /** One with the lowest number that is free, so that keys find it where they found the last one of that number. */
  #nextMember(): AddedChild<'actor'> {
    const ids = new Set(this.#members.all.map(({ id }) => id))
    let number = 1
    while (ids.has(`${number}`)) number++
    return this.#plan.memberSpec(number)
  }

  #routable(): readonly Inbox[] {
    if (this.#seenVersion === this.#members.version) return this.#inboxes
    this.#seenVersion = this.#members.version
    const members = this.#members.all
    const routable = members.filter(
      ({ id, isWanted, started }) => isWanted && started === undefined && !this.#draining.has(id),
    )
    // Members that have all ended refuse what they get, which makes dead letters of it.
    this.#inboxes = (routable.length > 0 ? routable : members).flatMap(({ child }) => child.actors())
    return this.#inboxes
  }
}
