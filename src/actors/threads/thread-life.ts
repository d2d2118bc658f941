import { assert } from '../../core/assert.ts'
import type { OpenAsk } from '../actor/ask.ts'
import type { DownNotice, Monitor } from '../actor/monitor.ts'
import { type ActorMessage, type ActorRef, createRef, inboxOf } from '../actor/ref.ts'
import type { Origin } from '../mailbox/origin.ts'
import type { Exit } from '../supervision/exit-reason.ts'
import type { Runtime } from '../system/runtime.ts'
import { noAsk, unpack } from './alike-messages.ts'
import { Asks, DistantAsk } from './asks.ts'
import type { CallOutcome, Code, FromThread, PlaceOrder, Sent, ToThread } from './frames.ts'
import { GoneInbox } from './gone-inbox.ts'
import { Outbox } from './outbox.ts'
import { decode, type Encoded } from './sendable.ts'
import { SharedCounts } from './shared-counts.ts'
import { ThreadWatch } from './thread-watch.ts'
import type { StartedThread, ThreadGone, ThreadStart, Transport } from './transport.ts'
import { decodeEvent } from './wire-event.ts'
import { decodeExit, decodeNotice, encodeNotice } from './wire-reason.ts'

/** How much a thread may use, and how long it may stand still. */
export interface ThreadLimits {
  /** MiB of heap; a thread that needs more is down. @defaultValue as much as Node gives a thread */
  readonly heapMb?: number
  /**
   * Milliseconds for which a thread may run one function without a pause; after that it is down. A thread of which
   * nothing is expected is not looked at. @defaultValue 10_000
   */
  readonly blockedMs?: number
  /**
   * Threads that are started ahead with the actors' modules loaded, so that the place of one that ends is taken at once.
   * Each takes some 25 MB, and no CPU. From 0 to 64. @defaultValue 1
   */
  readonly spareCount?: number
}

/** An actor on the thread, as it is told what the thread says of it. */
export interface PlacedActor {
  onDown(notice: DownNotice): void
  onExit(exit: Exit): void
  /** @returns how many messages more it is done with. */
  onTaken(taken: number): number
}

/** What a life of a thread is begun with. */
interface LifeOptions {
  readonly systemName: string
  readonly limits: ThreadLimits
  readonly transport: Transport
  readonly runtime: Runtime
  readonly paths: readonly string[]
  readonly actors: ReadonlyMap<number, PlacedActor>
  start(onGone: ThreadStart['onGone']): StartedThread
  /** The thread runs: it has said something. */
  onUp(): void
  onGone(kind: ThreadGone['kind'] | 'blocked', cause: unknown): void
}

/** One life of a thread, from its start until it is gone: what goes to it, and what comes from it. */
export class ThreadLife {
  readonly counts = new SharedCounts()
  readonly #options: LifeOptions
  readonly #thread: StartedThread
  readonly #outbox: Outbox<ToThread>
  readonly #watch: ThreadWatch
  readonly #asks: Asks<PlacedActor>
  readonly #calls = new Map<number, (outcome: CallOutcome | undefined) => void>()
  readonly #watches = new Map<number, Monitor>()
  /** Messages of the thread that have come into mailboxes, by path, for it to be told. */
  readonly #room = new Map<string, number>()
  #nextCall = 0
  #unhandledCount = 0
  #isBusy = false
  #isUp = false
  #isOver = false

  constructor(options: LifeOptions) {
    this.#options = options
    const { systemName, limits, transport, runtime, paths } = options
    this.#asks = new Asks(this.#refOf)
    this.#thread = options.start(({ kind, cause }) => this.#end(kind, cause))
    this.#thread.send([{ type: 'begin', setup: { systemName, counts: this.counts.buffer, paths } }], [])
    this.#watch = new ThreadWatch(runtime.clock, limits.blockedMs ?? 10_000, {
      isOutstanding: () => this.#isOutstanding(),
      ping: () => this.#outbox.post({ type: 'ping' }),
      onBlocked: () => this.#block(),
      defer: (work) => transport.defer(work),
    })
    this.#outbox = new Outbox(
      (frame, transfer) => this.#thread.send(frame, transfer),
      (work) => transport.defer(work),
    )
    this.#outbox.beforeSend = () => this.#tellRoom()
    this.#thread.listen((frame) => this.#onFrame(frame))
  }

  place(id: number, order: PlaceOrder): void {
    this.counts.reserve(id)
    this.#post({ type: 'place', id, order })
  }

  /** @param onDone - Is told the outcome, or `undefined` when the thread is gone before there is one. */
  call(type: 'start' | 'stop' | 'drain', id: number, onDone: (outcome: CallOutcome | undefined) => void): void {
    if (this.#isOver) return onDone(undefined)
    this.#post({ type, id, call: this.#openCall(onDone) })
  }

  /** As `call`, for an actor whose definition is to change. */
  change(id: number, code: Code, onDone: (outcome: CallOutcome | undefined) => void): void {
    if (this.#isOver) return onDone(undefined)
    this.#post({ type: 'change', id, call: this.#openCall(onDone), code })
  }

  end(id: number, isForgotten: boolean): void {
    this.#post({ type: 'end', id, isForgotten })
  }

  send(id: number, actor: PlacedActor, message: Encoded, ask: OpenAsk | undefined): void {
    this.#unhandledCount++
    this.#outbox.postMessage(id, ask === undefined ? noAsk : this.#asks.open(ask, actor), message)
    this.#watch.onSent()
  }

  /** So many messages that were sent are given up. */
  giveUp(count: number): void {
    this.#unhandledCount -= count
  }

  breakLink(id: number, notice: DownNotice): void {
    this.#post({ type: 'linkBroken', id, notice: encodeNotice(notice) })
  }

  tellAddress(type: 'enter' | 'leave', path: string): void {
    this.#post({ type, path })
  }

  failAsks(actor: PlacedActor, kept: ReadonlySet<OpenAsk>, error: unknown): void {
    this.#asks.fail(actor, kept, error)
  }

  flush(): void {
    this.#outbox.flush()
  }

  /** Ends the thread; nothing is told of it. */
  async terminate(): Promise<void> {
    this.#close()
    await this.#thread.terminate()
  }

  #openCall(onDone: (outcome: CallOutcome | undefined) => void): number {
    const call = this.#nextCall++
    this.#calls.set(call, onDone)
    return call
  }

  #post(entry: ToThread): void {
    this.#outbox.post(entry)
    this.#watch.onSent()
  }

  #onFrame(frame: readonly FromThread[]): void {
    if (this.#isOver) return
    this.#watch.onHeard()
    if (!this.#isUp) this.#options.onUp()
    this.#isUp = true
    for (const entry of frame) this.#handle(entry)
  }

  #handle(entry: FromThread): void {
    const { runtime, actors } = this.#options
    switch (entry.type) {
      case 'done': {
        const onDone = this.#calls.get(entry.call)
        this.#calls.delete(entry.call)
        return onDone?.(entry.outcome)
      }
      case 'exit':
        return actors.get(entry.id)?.onExit(decodeExit(entry.exit))
      case 'down':
        return actors.get(entry.id)?.onDown(decodeNotice(entry.notice))
      case 'event':
        return runtime.emit(decodeEvent(entry.event, this.#refOf))
      case 'deadLetter':
        return runtime.deadLetters.record(entry.letter)
      case 'taken':
        return this.#onTaken(entry.flat)
      case 'answered':
      case 'askFailed':
        return this.#asks.settle(entry)
      case 'messages':
        return this.#deliver(entry.flat)
      case 'alike':
        return this.#deliver(unpack(entry))
      case 'watch':
        return this.#startWatch(entry)
      case 'unwatch':
        this.#watches.get(entry.watch)?.cancel()
        return void this.#watches.delete(entry.watch)
      case 'linkBroken': {
        const linked = inboxOf(this.#refOf(entry.path)).linkable()
        return 'links' in linked ? linked.onLinkedDown(decodeNotice(entry.notice)) : undefined
      }
      case 'busy':
        return this.#setBusy(entry.isBusy)
      case 'pong':
      case 'preloaded':
        return
    }
  }

  #onTaken(flat: readonly number[]): void {
    for (let index = 0; index < flat.length; index += 2)
      this.#unhandledCount -= this.#options.actors.get(flat[index]!)?.onTaken(flat[index + 1]!) ?? 0
  }

  #deliver(flat: readonly unknown[]): void {
    for (let index = 0; index < flat.length; index += 4) {
      const path = flat[index] as string
      const number = flat[index + 1] as number
      const replaced = flat[index + 3] as Sent['replaced']
      const message = decode({ value: flat[index + 2], replaced }, this.#refOf) as ActorMessage
      const inbox = inboxOf(this.#refOf(path))
      const hasRoom = () => this.#onRoom(path)
      if (number === noAsk) inbox.deliver(message, undefined, fromThread).then(hasRoom, hasRoom)
      else {
        const ask = new DistantAsk(number, path, this.#outbox)
        const question = { ...message, reply: ask.reply } as ActorMessage
        inbox.deliver(question, ask, fromThread).then(hasRoom, (error: unknown) => (ask.fail(error), hasRoom()))
      }
    }
  }

  #onRoom(path: string): void {
    this.#room.set(path, (this.#room.get(path) ?? 0) + 1)
    this.#outbox.wake()
  }

  #tellRoom(): void {
    for (const [path, count] of this.#room) this.#outbox.post({ type: 'room', path, count })
    this.#room.clear()
  }

  #startWatch({ watch, path, isLink }: Extract<FromThread, { type: 'watch' }>): void {
    const inbox = inboxOf(this.#refOf(path))
    const tell = (notice: DownNotice) => this.#post({ type: 'notice', watch, notice: encodeNotice(notice) })
    const linked = isLink ? inbox.linkable() : undefined
    if (linked !== undefined && 'kind' in linked) return tell(linked)
    this.#watches.set(watch, inbox.watch(tell))
  }

  readonly #refOf = (path: string): ActorRef<ActorMessage> => {
    const { actors, deadlines, deadLetters } = this.#options.runtime
    return actors.has(path) ? actors.find(path) : createRef(new GoneInbox(path, deadlines, deadLetters))
  }

  #isOutstanding(): boolean {
    return this.#unhandledCount > 0 || this.#calls.size > 0 || this.#asks.size > 0 || this.#isBusy
  }

  #setBusy(isBusy: boolean): void {
    if (isBusy === this.#isBusy) return
    this.#isBusy = isBusy
    if (isBusy) this.#options.runtime.traffic.enter()
    else this.#options.runtime.traffic.leave()
  }

  #block(): void {
    // That it is gone is told now: it takes a while to end a thread that does not look up.
    void this.#thread.terminate()
    this.#end('blocked', undefined)
  }

  #end(kind: ThreadGone['kind'] | 'blocked', cause: unknown): void {
    if (this.#isOver) return
    this.#close()
    this.#options.onGone(kind, cause)
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const onDone of calls) onDone(undefined)
  }

  #close(): void {
    assert(!this.#isOver, 'a life of a thread ends once')
    this.#isOver = true
    this.#outbox.close()
    this.#watch.close()
    for (const watch of this.#watches.values()) watch.cancel()
    this.#setBusy(false)
  }
}

/** A message from a thread that does not keep it: it is let in. */
const fromThread: Origin = { isKept: false, onOpened: () => {}, onTaken: () => {} }
