import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { ActorDefinition } from '../actor/actor.ts'
import type { DownNotice } from '../actor/monitor.ts'
import { AskDeadlines } from '../actor/ask-deadlines.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'
import { Traffic } from '../mailbox/traffic.ts'
import { AddressBook } from '../system/address-book.ts'
import type { Runtime } from '../system/runtime.ts'
import { type Runnable, Scheduler } from '../system/scheduler.ts'
import { noAsk, unpack } from './alike-messages.ts'
import { DistantAsk } from './asks.ts'
import type { CallOutcome, FromThread, PlaceOrder, Sent, ThreadSetup, ToThread } from './frames.ts'
import { HostedActor, type Load } from './hosted-actor.ts'
import { Outbox } from './outbox.ts'
import { decode } from './sendable.ts'
import { SharedCounts } from './shared-counts.ts'
import { ThreadSide } from './thread-side.ts'
import type { Channel } from './transport.ts'
import { encodeError } from './wire-error.ts'
import { encodeEvent } from './wire-event.ts'
import { decodeNotice, encodeExit, encodeNotice } from './wire-reason.ts'

/** What a thread takes from outside. */
export interface HostSeams {
  readonly clock: Clock
  readonly random: Random
  readonly load: Load
  readonly defer: (work: () => void) => void
}

interface Placed {
  readonly actor: HostedActor
  /** What its definition says of its mailbox, or what is wrong with its module. */
  readonly loaded: Promise<{ readonly mailboxMax?: number } | { readonly failure: unknown }>
}

/** Runs the actors that were placed on this thread. They are what actors are anywhere; their supervisors are not here. */
export class ThreadHost {
  readonly #outbox: Outbox<FromThread>
  readonly #seams: HostSeams
  readonly #counts: SharedCounts
  readonly #traffic = new Traffic()
  readonly #actors: AddressBook<ActorRef<ActorMessage>>
  readonly #side: ThreadSide
  readonly #runtime: Runtime
  readonly #placed = new Map<number, Placed>()
  /** What is to be told: how many messages actors are done with, and whose numbers have changed. */
  readonly #taken = new Map<number, number>()
  readonly #active = new Set<Runnable>()
  readonly #byCell = new Map<Runnable, HostedActor>()
  /** Messages of other threads that are not done with: the main thread counts them as well. */
  #foreignCount = 0
  #isBusy = false
  /** Whether it is to be told when no message is left. */
  #isAwaited = false

  constructor(
    channel: Pick<Channel<FromThread, never>, 'send'>,
    { systemName, counts, paths }: ThreadSetup,
    seams: HostSeams,
  ) {
    this.#seams = seams
    this.#counts = new SharedCounts(counts)
    this.#outbox = new Outbox((frame, transfer) => channel.send(frame, transfer), seams.defer)
    this.#outbox.beforeSend = () => this.#tellCounts()
    this.#actors = new AddressBook(systemName, 'actor')
    const deadLetters = {
      record: (letter) => this.#outbox.post({ type: 'deadLetter', letter }),
    } as Runtime['deadLetters']
    const { clock, random } = seams
    const [traffic, outbox] = [this.#traffic, this.#outbox]
    const deadlines = new AskDeadlines(clock)
    this.#side = new ThreadSide({ deadlines, traffic, deadLetters, outbox, refOf: this.#refOf })
    const scheduler = new Scheduler(clock, () => outbox.flush())
    this.#runtime = {
      clock,
      deadlines,
      random,
      traffic,
      deadLetters,
      scheduler: {
        schedule: (runnable) => {
          scheduler.schedule(runnable)
          this.#active.add(runnable)
          this.#outbox.wake()
        },
      },
      actors: this.#actors,
      supervisors: new AddressBook(systemName, 'supervisor'),
      groups: new AddressBook(systemName, 'group'),
      threads: noThreads,
      emit: (event) => this.#outbox.post({ type: 'event', event: encodeEvent(event) }),
    }
    for (const path of paths) this.#actors.enter(this.#side.refTo(path))
  }

  handle(entry: ToThread): void {
    switch (entry.type) {
      case 'place':
        return this.#place(entry.id, entry.order)
      case 'start':
      case 'stop':
      case 'drain':
        return void this.#call(entry.type, entry.id, entry.call)
      case 'change':
        return void this.#change(entry)
      case 'end':
        return void this.#end(entry.id, entry.isForgotten)
      case 'messages':
        return this.#deliver(entry.flat)
      case 'alike':
        return this.#deliver(unpack(entry))
      case 'answered':
      case 'askFailed':
        return this.#side.asks.settle(entry)
      case 'room':
        return this.#side.onRoom(entry.path, entry.count)
      case 'notice':
        return this.#side.onNotice(entry)
      case 'linkBroken': {
        const linked = this.#placed.get(entry.id)?.actor.cell?.linkable()
        return linked !== undefined && 'links' in linked ? linked.onLinkedDown(decodeNotice(entry.notice)) : undefined
      }
      case 'enter':
        return this.#actors.enter(this.#side.refTo(entry.path))
      case 'leave':
        return this.#actors.leave(this.#refOf(entry.path))
      case 'ping':
        return this.#outbox.post({ type: 'pong' })
    }
  }

  #place(id: number, order: PlaceOrder): void {
    const actor = new HostedActor(id, order.path, this.#counts, this.#onDone)
    const loaded = this.#load(actor, order).catch((failure: unknown) => ({ failure }))
    this.#placed.set(id, { actor, loaded })
  }

  async #load(actor: HostedActor, order: PlaceOrder): Promise<{ mailboxMax?: number }> {
    const { id } = actor
    const args = order.args && decode(order.args, this.#refOf)
    const definition = await actor.load(order, args, this.#seams.load, this.#runtime, (exit) =>
      this.#outbox.post({ type: 'exit', id, exit: encodeExit(exit) }),
    )
    const cell = actor.cell!
    this.#byCell.set(cell, actor)
    return boundsOf(definition)
  }

  async #call(type: 'start' | 'stop' | 'drain', id: number, call: number): Promise<void> {
    const { actor, loaded } = this.#placed.get(id)!
    const outcome = await loaded
    if ('failure' in outcome) {
      const failure = encodeError(outcome.failure)
      return this.#outbox.post({ type: 'done', call, outcome: { isUp: false, failure } })
    }
    if (type === 'start') {
      const started = actor.cell!.start()
      // A watch ends with the actor, which may be started again.
      actor.watch(this.#tellDown)
      const isUp = await started
      return this.#outbox.post({ type: 'done', call, outcome: { isUp, ...outcome } })
    }
    await (type === 'stop' ? actor.cell!.stop() : actor.cell!.whenDrained())
    this.#outbox.post({ type: 'done', call, outcome: {} })
  }

  async #change({ id, call, code }: Extract<ToThread, { type: 'change' }>): Promise<void> {
    const { actor, loaded } = this.#placed.get(id)!
    await loaded
    const args = code.args && decode(code.args, this.#refOf)
    const outcome = await actor.change(code, args, this.#seams.load).then(
      (definition) => boundsOf(definition),
      (error: unknown) => ({ failure: encodeError(error) }),
    )
    this.#outbox.post({ type: 'done', call, outcome })
  }

  readonly #tellDown = (id: number, notice: DownNotice): void => {
    if (notice.kind === 'ended') return
    // What it was done with before goes before.
    this.#tellCounts()
    this.#outbox.post({ type: 'down', id, notice: encodeNotice(notice) })
  }

  async #end(id: number, isForgotten: boolean): Promise<void> {
    const { actor, loaded } = this.#placed.get(id)!
    if (actor.cell === undefined) await loaded
    if (isForgotten) this.#placed.delete(id)
    if (actor.cell === undefined) return
    actor.cell.end()
    this.#foreignCount -= actor.onEnded()
    actor.describe()
    if (!isForgotten) return
    actor.cell.forget()
    this.#byCell.delete(actor.cell)
  }

  #deliver(flat: readonly unknown[]): void {
    for (let index = 0; index < flat.length; index += 4) {
      const { actor } = this.#placed.get(flat[index] as number)!
      const number = flat[index + 1] as number
      const replaced = flat[index + 3] as Sent['replaced']
      const value = flat[index + 2]
      const message = (replaced === undefined ? value : decode({ value, replaced }, this.#refOf)) as ActorMessage
      actor.onReceived()
      this.#foreignCount++
      if (number === noAsk) void actor.cell!.deliver(message, undefined, actor)
      else {
        const ask = new DistantAsk(number, actor.path, this.#outbox)
        void actor.cell!.deliver({ ...message, reply: ask.reply } as ActorMessage, ask, actor)
      }
    }
  }

  readonly #onDone = (id: number, taken: number, count: number): void => {
    this.#taken.set(id, taken)
    this.#foreignCount -= count
    this.#outbox.wake()
  }

  readonly #refOf = (path: string): ActorRef<ActorMessage> =>
    this.#actors.has(path) ? this.#actors.find(path) : this.#side.refTo(path)

  /** Tells what has changed since the last frame. That there are messages left goes before that others are done with. */
  #tellCounts(): void {
    for (const cell of this.#active) this.#byCell.get(cell)?.describe()
    this.#active.clear()
    const isBusy = this.#traffic.messageCount > this.#foreignCount
    if (isBusy && !this.#isAwaited) {
      this.#isAwaited = true
      void this.#traffic.whenEmpty().then(() => {
        this.#isAwaited = false
        this.#outbox.wake()
      })
    }
    const hasChanged = isBusy !== this.#isBusy
    this.#isBusy = isBusy
    if (hasChanged) this.#outbox.post({ type: 'busy', isBusy })
    if (this.#taken.size === 0) return
    const flat = [...this.#taken].flat()
    this.#taken.clear()
    this.#outbox.post({ type: 'taken', flat })
  }
}

function boundsOf({ mailboxMax }: ActorDefinition): Pick<CallOutcome, 'mailboxMax'> {
  return mailboxMax === undefined ? {} : { mailboxMax }
}

// A thread's actors have no children.
const noThreads: Runtime['threads'] = {
  names: [],
  place: () => {
    throw new Error('actors are placed by the main thread')
  },
}
