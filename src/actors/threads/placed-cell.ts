import { assert } from '../../core/assert.ts'
import type { ActorError } from '../../core/errors.ts'
import { Intake, mailboxMaxDefault, safeToIgnore } from '../actor/intake.ts'
import type { OpenAsk } from '../actor/ask.ts'
import type { Linked } from '../actor/links.ts'
import type { DownNotice, Monitor } from '../actor/monitor.ts'
import { askFailed } from '../actor/open-asks.ts'
import { type ActorMessage, type ActorRef, admitted, createRef, type Inbox } from '../actor/ref.ts'
import { Watchers } from '../actor/watchers.ts'
import type { Origin } from '../mailbox/origin.ts'
import type { Child, OnExit } from '../supervision/child.ts'
import type { Exit, ExitReason } from '../supervision/exit-reason.ts'
import { Rate } from '../system/rate.ts'
import type { Runtime } from '../system/runtime.ts'
import type { ActorSnapshot } from '../system/snapshot.ts'
import { withoutReply } from './asks.ts'
import { DistantLink } from './distant-link.ts'
import type { CallOutcome, Code } from './frames.ts'
import type { ModuleActor } from './module-actor.ts'
import { encode, isSendable } from './sendable.ts'
import type { Inhabitant, Thread } from './thread.ts'
import type { ThreadLife } from './thread-life.ts'
import { decodeError } from './wire-error.ts'

/**
 * An actor on a thread, as its supervisor and all who send to it see it. Its mailbox is here: the thread has what is
 * admitted, and says what it is done with. So the bounds hold for senders on all threads, and when the thread ends, all
 * that it was not done with is still there.
 */
export class PlacedCell implements Child, Inbox, Inhabitant {
  readonly kind = 'module'
  readonly path: string
  readonly ref: ActorRef<ActorMessage>
  #actor: ModuleActor
  readonly #shutdownMs: number
  readonly #runtime: Runtime
  readonly #tellSupervisor: OnExit
  readonly #thread: Thread
  readonly #id: number
  readonly #intake: Intake
  readonly #watchers = new Watchers()
  readonly #rate: Rate
  /** The life of the thread that the actor is placed in. */
  #life: ThreadLife | undefined
  #link: DistantLink | undefined
  #status: ActorSnapshot['status'] = 'down'
  /** Resolves when the incarnation is down that is being stopped. */
  #stopped: Promise<void> | undefined
  #incarnation = 0
  #lastReason: ExitReason | undefined
  #handledBefore = 0
  /** Messages that the thread has, of which it was the last to say that it is done with so many. */
  #sentCount = 0
  #takenCount = 0
  /** @see ActorPast.suspectCount */
  #suspectCount = 0
  /** Whether it has started on this thread, so that messages may go there. */
  #isOpen = false

  constructor(actor: ModuleActor, path: string, shutdownMs: number, thread: Thread, runtime: Runtime, onExit: OnExit) {
    this.path = path
    this.#actor = actor
    this.#shutdownMs = shutdownMs
    this.#runtime = runtime
    this.#tellSupervisor = onExit
    this.#thread = thread
    this.#id = thread.enter(this)
    this.#intake = new Intake(path, {}, runtime)
    this.#rate = new Rate(runtime.clock.monotonicMs())
    this.ref = createRef(this)
    runtime.actors.enter(this.ref, actor)
  }

  get deadlines() {
    return this.#runtime.deadlines
  }

  get load(): number {
    return this.#intake.load
  }

  deliver(message: ActorMessage, ask?: OpenAsk, origin?: Origin): Promise<void> {
    if (this.#status === 'ended') return this.#intake.refuse(message, 'ended', this.#endReason)
    try {
      // Whether it crosses is said here and now; it is sent later where the mailbox has no room.
      const isNext = this.#isOpen && this.#sentCount === this.#intake.load
      const encoded = encode(ask === undefined ? message : withoutReply(message), this.path)
      const envelope = this.#intake.put(message, ask, origin)
      if (envelope === 'refused') return this.#intake.refuse(message, 'refused', this.#endReason)
      if (envelope.sender !== undefined) return safeToIgnore(envelope.sender.promise)
      if (isNext) {
        this.#sentCount++
        this.#life?.send(this.#id, this, encoded, ask)
      }
      return admitted
    } catch (error) {
      this.#intake.recordDeadLetter(message, 'refused')
      return safeToIgnore(Promise.reject(error))
    }
  }

  watch(listener: (notice: DownNotice) => void): Monitor {
    return this.#watchers.add(listener, this.#status === 'ended' ? this.#notice('ended') : undefined)
  }

  linkable(): Linked | DownNotice {
    if (this.#status !== 'starting' && this.#status !== 'running')
      return this.#notice(this.#status === 'ended' ? 'ended' : 'down')
    this.#link ??= new DistantLink((notice) => this.#life?.breakLink(this.#id, notice))
    return this.#link
  }

  start(): Promise<boolean> {
    assert(this.#status === 'down' || this.#status === 'ended', `${this.path} has one live incarnation at most`)
    const life = this.#thread.life()
    if (this.#life !== life) this.#place(life)
    this.#status = 'starting'
    this.#incarnation++
    const { promise, resolve } = Promise.withResolvers<boolean>()
    life.call('start', this.#id, (outcome) => resolve(this.#onStarted(outcome)))
    return promise
  }

  stop(): Promise<void> {
    if (this.#stopped !== undefined) return this.#stopped
    if (this.#status === 'down' || this.#status === 'ended') return Promise.resolve()
    this.#status = 'stopping'
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stopped = promise
    this.#life!.call('stop', this.#id, () => {
      this.#stopped = undefined
      resolve()
    })
    return promise
  }

  end(): void {
    if (this.#status === 'ended') return
    assert(this.#status === 'down', `${this.path} is down before it ends`)
    this.#status = 'ended'
    // What it has handled up to now is no dead letter, although it may not have said so yet.
    if (this.#life !== undefined) this.onTaken(this.#life.counts.taken(this.#id))
    this.#life?.giveUp(this.#sentCount)
    this.#sentCount = 0
    this.#intake.end(this.#endReason)
    this.#watchers.tell(this.#notice('ended'))
    this.#life?.end(this.#id, false)
  }

  change(actor: ModuleActor): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onDone = (outcome: CallOutcome | undefined) => {
      if (outcome?.failure !== undefined) return reject(decodeError(outcome.failure))
      // It restarts with it too where its thread ended meanwhile.
      this.#runtime.actors.redefine(this.ref, this.#actor, actor)
      this.#actor = actor
      if (outcome !== undefined) this.#intake.mailbox.setMax(outcome.mailboxMax ?? mailboxMaxDefault)
      resolve()
    }
    if (this.#life === undefined) onDone(undefined)
    else this.#life.change(this.#id, codeOf(actor), onDone)
    return promise
  }

  forget(): void {
    this.#runtime.actors.leave(this.ref, this.#actor)
    this.#life?.end(this.#id, true)
    this.#thread.leave(this.#id)
  }

  actors(): readonly Inbox[] {
    return [this]
  }

  async whenDrained(): Promise<void> {
    await this.#intake.whenDrained()
    await new Promise<void>((resolve) => {
      if (this.#life === undefined || !this.#isOpen) resolve()
      else this.#life.call('drain', this.#id, () => resolve())
    })
  }

  inspect(): ActorSnapshot {
    const { mailbox } = this.#intake
    const counts = this.#life?.counts
    const handledCount = this.#handledBefore + (counts?.handled(this.#id) ?? 0)
    return {
      kind: 'actor',
      path: this.path,
      thread: this.#thread.name,
      status: this.#status,
      incarnation: this.#incarnation,
      lastReason: this.#lastReason,
      handledCount,
      handledPerSecond: this.#rate.read(this.#runtime.clock.monotonicMs(), handledCount),
      mailboxCount: mailbox.admittedCount + (counts?.localCount(this.#id) ?? 0),
      mailboxBytes: counts?.mailboxBytes(this.#id) ?? 0,
      waitingCount: mailbox.waitingCount,
    }
  }

  onDown(notice: DownNotice): void {
    this.#goDown(notice.reason)
  }

  onExit(exit: Exit): void {
    this.#tellSupervisor(exit)
  }

  onTaken(taken: number): number {
    const count = Math.min(taken - this.#takenCount, this.#sentCount)
    this.#takenCount = taken
    this.#sentCount -= count
    this.#suspectCount = Math.max(this.#suspectCount - count, 0)
    this.#intake.take(count)
    this.#forward()
    return count
  }

  onThreadGone(life: ThreadLife, error: ActorError): Exit | undefined {
    if (this.#life !== life) return undefined
    const reason: ExitReason = { kind: 'crashed', error }
    this.#isOpen = false
    this.onTaken(life.counts.taken(this.#id))
    const message = this.#dropOpened(life, reason)
    this.#handledBefore += life.counts.handled(this.#id)
    this.#life = undefined
    this.#sentCount = this.#takenCount = 0
    this.#intake.dropLost((each) => !isSendable(each, this.path), reason)
    life.failAsks(this, this.#intake.pendingAsks(), askFailed(this.path, reason))
    if (this.#status === 'down' || this.#status === 'ended') return undefined
    const isAsked = this.#status === 'stopping'
    this.#emitCrash(error, message)
    this.#goDown(reason)
    return isAsked ? undefined : { reason, isCounted: true, isEscalated: false, fault: error }
  }

  /** Why it ended; one that ends before its first incarnation was shut down. */
  get #endReason(): ExitReason {
    return this.#lastReason ?? { kind: 'shutdown' }
  }

  #place(life: ThreadLife): void {
    const past = { incarnation: this.#incarnation, suspectCount: this.#suspectCount }
    life.place(this.#id, { path: this.path, ...codeOf(this.#actor), shutdownMs: this.#shutdownMs, past })
    this.#life = life
  }

  /** @returns whether it is up. */
  #onStarted(outcome: CallOutcome | undefined): boolean {
    if (outcome?.failure !== undefined) {
      const reason: ExitReason = { kind: 'crashed', error: decodeError(outcome.failure) }
      this.#life = undefined
      this.#emitCrash(reason.error, undefined)
      this.#goDown(reason)
      this.#tellSupervisor({ reason, isCounted: true, isEscalated: false })
    }
    if (outcome?.isUp !== true) return false
    if (this.#status === 'starting') this.#status = 'running'
    this.#isOpen = true
    this.#intake.mailbox.setMax(outcome.mailboxMax ?? mailboxMaxDefault)
    this.#forward()
    return true
  }

  #goDown(reason: ExitReason): void {
    this.#status = 'down'
    this.#lastReason = reason
    const notice = this.#notice('down')
    const link = this.#link
    this.#link = undefined
    link?.break(notice)
    this.#watchers.tell(notice)
  }

  /** Sends the thread what has been admitted since. */
  #forward(): void {
    if (!this.#isOpen) return
    for (;;) {
      const { mailbox } = this.#intake
      if (this.#sentCount >= mailbox.admittedCount) return
      const { message, ask } = mailbox.at(this.#sentCount)!
      let encoded
      try {
        encoded = encode(ask === undefined ? message : withoutReply(message), this.path)
      } catch {
        // It did cross when it was sent, but its bytes were given away since.
        this.#intake.dropLost((each) => each === message, this.#endReason)
        continue
      }
      this.#sentCount++
      this.#life?.send(this.#id, this, encoded, ask)
    }
  }

  /**
   * The message that was being handled when the thread ended has failed, as one has that its actor crashes over. Of
   * several that were handled together, each is suspect.
   */
  #dropOpened({ counts }: ThreadLife, reason: ExitReason): ActorMessage | undefined {
    const openedCount = counts.opened(this.#id) - counts.taken(this.#id)
    if (openedCount < 1 || this.#sentCount === 0) return undefined
    if (openedCount > 1) {
      this.#suspectCount = Math.floor(openedCount)
      return undefined
    }
    const { message, ask } = this.#intake.mailbox.at(0)!
    this.#intake.take(1)
    this.#intake.recordDeadLetter(message, 'failed')
    ask?.fail(askFailed(this.path, reason))
    return message
  }

  #emitCrash(error: unknown, message: ActorMessage | undefined): void {
    const event = { path: this.path, incarnation: this.#incarnation, error, message, isCounted: true }
    this.#runtime.emit({ type: 'childCrashed', ...event })
  }

  #notice(kind: DownNotice['kind']): DownNotice {
    return { kind, path: this.path, incarnation: this.#incarnation, reason: this.#endReason }
  }
}

function codeOf({ module, name: exportName, args }: ModuleActor): Code {
  return { module, exportName, args: args && { value: args.value, replaced: args.replaced } }
}
