import { assert } from '../../core/assert.ts'
import { ActorError } from '../../core/errors.ts'
import type { ActorDefinition, FailingMessagePolicy } from './actor.ts'
import type { Ask } from './ask.ts'
import type { Child, OnExit } from '../supervision/child.ts'
import type { DeadLetterReason } from '../mailbox/dead-letters.ts'
import { notify } from '../system/events.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import { Incarnation } from './incarnation.ts'
import { type Envelope, Mailbox, waitingMax } from '../mailbox/mailbox.ts'
import { OpenAsks } from './open-asks.ts'
import { Rate } from '../system/rate.ts'
import { type ActorMessage, type ActorRef, createRef, type DownNotice, type Inbox, type Monitor } from './ref.ts'
import type { Runtime } from '../system/runtime.ts'
import type { Runnable } from '../system/scheduler.ts'
import type { ActorSnapshot } from '../system/snapshot.ts'
import { within } from '../../core/within.ts'

/** How an incarnation came to crash, beyond the error itself. */
interface Crash {
  readonly message: ActorMessage | undefined
  readonly isCounted: boolean
  readonly isEscalated: boolean
}

/** What it is when no message is to blame but a hook: `init`, or `onStop` at an end that was not a crash until then. */
const hookCrash: Crash = { message: undefined, isCounted: true, isEscalated: false }

/**
 * An actor's place in its system: its address, its mailbox and at most one live incarnation. Place and mailbox stay
 * while incarnations come and go, and so references survive crashes and messages are handled once, in order.
 */
export class ActorCell implements Child, Inbox, Runnable {
  readonly path: string
  readonly ref: ActorRef<ActorMessage>
  readonly #definition: ActorDefinition
  readonly #shutdownMs: number
  readonly #runtime: Runtime
  readonly #onExit: OnExit
  readonly #mailbox: Mailbox
  readonly #watchers = new Set<(notice: DownNotice) => void>()
  readonly #openAsks = new OpenAsks()
  readonly #rate: Rate
  #life: Incarnation | undefined
  #incarnation = 0
  #lastReason: ExitReason | undefined
  #handledCount = 0
  #isScheduled = false
  #hasEnded = false

  constructor(path: string, definition: ActorDefinition, shutdownMs: number, runtime: Runtime, onExit: OnExit) {
    this.path = path
    this.#definition = definition
    this.#shutdownMs = shutdownMs
    this.#runtime = runtime
    this.#onExit = onExit
    this.#mailbox = new Mailbox(definition.mailboxMax ?? 1_024, definition.mailboxMaxBytes ?? Infinity)
    this.#rate = new Rate(runtime.clock.monotonicMs())
    this.ref = createRef(this)
    runtime.actors.enter(this.ref, definition)
  }

  /** Why it ended; one that ends before its first incarnation was shut down. */
  get #endReason(): ExitReason {
    return this.#lastReason ?? { kind: 'shutdown' }
  }

  get clock() {
    return this.#runtime.clock
  }

  deliver(message: ActorMessage, ask?: Ask): Promise<void> {
    if (this.#hasEnded) return this.#refuse(message, 'ended')
    const sizeBytes = this.#definition.sizeOf?.(message) ?? 0
    const envelope: Envelope = { message, sizeBytes, ask, sender: undefined, failures: 0 }
    const outcome = this.#mailbox.put(envelope)
    if (outcome === 'refused') return this.#refuse(message, 'refused')
    this.#runtime.traffic.enter()
    this.#wake()
    if (outcome === 'admitted') return admitted
    envelope.sender = Promise.withResolvers()
    return safeToIgnore(envelope.sender.promise)
  }

  watch(listener: (notice: DownNotice) => void): Monitor {
    // A function of its own, so that a listener given twice is two watches.
    const watcher = (notice: DownNotice) => notify(listener, notice)
    this.#watchers.add(watcher)
    if (this.#hasEnded) queueMicrotask(() => this.#watchers.delete(watcher) && watcher(this.#notice('ended')))
    return { cancel: () => void this.#watchers.delete(watcher) }
  }

  async start(): Promise<boolean> {
    assert(this.#life === undefined, `${this.path} has one live incarnation at most`)
    this.#hasEnded = false
    const life = new Incarnation(++this.#incarnation, this.ref, this.#runtime, () => this.#wake())
    this.#life = life
    let failure: { error: unknown } | undefined
    const initialized = this.#initialize(life).catch((error: unknown) => void (failure = { error }))
    life.atWork = initialized
    // An incarnation that is killed while it starts is down although its `init` may go on for ever.
    await new Promise<void>((resolve) => {
      life.onOver = resolve
      void initialized.then(resolve)
    })
    if (life.phase !== 'starting') return false
    life.atWork = undefined
    if (failure !== undefined) {
      await this.#leave(life, { kind: 'crashed', error: failure.error }, hookCrash)
      return false
    }
    life.phase = 'running'
    const type = life.number === 1 ? 'childStarted' : 'childRestarted'
    this.#runtime.emit({ type, path: this.path, incarnation: life.number })
    this.#wake()
    return true
  }

  stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return Promise.resolve()
    life.down ??= this.#bringDown(life, { kind: 'shutdown' }, hookCrash)
    return life.down
  }

  end(): void {
    assert(this.#life === undefined, `${this.path} is down before it ends`)
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const { message, ask, sender } of this.#mailbox.clear()) {
      this.#runtime.traffic.leave()
      this.#runtime.deadLetters.record({ path: this.path, messageType: message.type, reason: 'stopped' })
      sender?.reject(this.#closedError())
      ask?.fail(this.#closedError())
    }
    for (const watcher of this.#watchers) watcher(this.#notice('ended'))
    this.#watchers.clear()
  }

  forget(): void {
    this.#runtime.actors.leave(this.ref, this.#definition)
  }

  inspect(): ActorSnapshot {
    const mailbox = this.#mailbox
    return {
      kind: 'actor',
      path: this.path,
      status: this.#status(),
      incarnation: this.#incarnation,
      lastReason: this.#lastReason,
      handledCount: this.#handledCount,
      handledPerSecond: this.#rate.read(this.clock.monotonicMs(), this.#handledCount),
      mailboxCount: mailbox.admittedCount,
      mailboxBytes: mailbox.admittedBytes,
      waitingCount: mailbox.waitingCount,
    }
  }

  /** Handles one message; called by the scheduler. */
  run(): void {
    this.#isScheduled = false
    const life = this.#life
    if (life?.phase !== 'running' || life.atWork !== undefined) return
    if (life.isLeaving) return void this.#leave(life, { kind: 'normal' }, hookCrash)
    const envelope = this.#mailbox.peek()
    if (envelope === undefined) return
    if (envelope.ask !== undefined) this.#openAsks.add(envelope.ask)

    let next: unknown
    try {
      const handler = this.#definition.handlers[envelope.message.type] ?? refuseUnknown
      next = handler(life.state, envelope.message, life.context)
    } catch (error) {
      return this.#fail(life, envelope, error)
    }
    if (isPromiseLike(next)) life.atWork = this.#finish(life, envelope, next)
    else this.#succeed(life, envelope, next)
  }

  async #initialize(life: Incarnation): Promise<void> {
    life.state = await this.#definition.init(life.context)
    life.hasState = true
  }

  async #finish(life: Incarnation, envelope: Envelope, pending: PromiseLike<unknown>): Promise<void> {
    try {
      const next = await pending
      life.atWork = undefined
      this.#succeed(life, envelope, next)
    } catch (error) {
      life.atWork = undefined
      this.#fail(life, envelope, error)
    }
  }

  #succeed(life: Incarnation, envelope: Envelope, next: unknown): void {
    // A killed incarnation that finishes after all has lost its message to the next one.
    if (life.phase === 'over') return
    if (this.#definition.isReplaced) life.state = next
    this.#handledCount++
    this.#take()
    this.#wake()
  }

  #fail(life: Incarnation, envelope: Envelope, error: unknown): void {
    // A handler that its incarnation's end broke off has not failed: the next incarnation gets its message.
    if (life.phase !== 'running') return
    envelope.failures++
    const fate = fateOf(this.#definition.failingMessage ?? 'dead-letter', envelope.failures)
    if (fate !== 'retry') {
      this.#take()
      if (fate !== 'drop') {
        this.#runtime.deadLetters.record({ path: this.path, messageType: envelope.message.type, reason: 'failed' })
      }
    }
    const crash = { message: envelope.message, isCounted: this.#isCounted(error), isEscalated: fate === 'escalate' }
    void this.#leave(life, { kind: 'crashed', error }, crash)
  }

  /** Ends an incarnation that its supervisor did not ask to end. */
  async #leave(life: Incarnation, reason: ExitReason, crash: Crash): Promise<void> {
    life.down = this.#bringDown(life, reason, crash)
    await life.down
    this.#onExit({ reason: this.#lastReason ?? reason, isCounted: crash.isCounted, isEscalated: crash.isEscalated })
  }

  async #bringDown(life: Incarnation, cause: ExitReason, crash: Crash): Promise<void> {
    life.phase = 'ending'
    life.context.close()
    this.#openAsks.fail(this.path, cause, this.#mailbox.peek()?.ask)
    const hasWork = life.atWork !== undefined || this.#definition.onStop !== undefined
    const givenUp: ExitReason = cause.kind === 'crashed' ? cause : { kind: 'killed' }
    const reason = await (hasWork
      ? within(this.#runtime.clock, this.#shutdownMs, this.#runStopHook(life, cause), givenUp)
      : cause)
    life.phase = 'over'
    life.onOver?.()
    this.#life = undefined
    this.#lastReason = reason

    const event = { path: this.path, incarnation: life.number }
    if (reason.kind === 'crashed') {
      const { message, isCounted } = crash
      this.#runtime.emit({ type: 'childCrashed', ...event, error: reason.error, message, isCounted })
    } else {
      this.#runtime.emit({ type: 'childStopped', ...event, reason })
    }
    for (const watcher of this.#watchers) watcher(this.#notice('down'))
  }

  async #runStopHook(life: Incarnation, cause: ExitReason): Promise<ExitReason> {
    await life.atWork
    if (!life.hasState || life.phase === 'over') return cause
    try {
      await this.#definition.onStop?.(life.state, cause, life.context)
      return cause
    } catch (error) {
      if (cause.kind !== 'crashed') return { kind: 'crashed', error }
      const message = `${this.path}: onStop failed after a crash`
      return { kind: 'crashed', error: new SuppressedError(error, cause.error, message) }
    }
  }

  #isCounted(error: unknown): boolean {
    try {
      return this.#definition.countsAgainstIntensity?.(error) ?? true
    } catch {
      return true
    }
  }

  /** Takes the message that was handled out of the mailbox. */
  #take(): void {
    this.#mailbox.shift()
    this.#runtime.traffic.leave()
  }

  #refuse(message: ActorMessage, reason: DeadLetterReason): Promise<void> {
    this.#runtime.deadLetters.record({ path: this.path, messageType: message.type, reason })
    return safeToIgnore(Promise.reject(reason === 'ended' ? this.#closedError() : this.#fullError()))
  }

  #closedError(): ActorError {
    const reason = this.#endReason.kind
    const message = `${this.path} has ended (${reason}) and takes no messages`
    return new ActorError('ACTOR_MAILBOX_CLOSED', message, { path: this.path, reason })
  }

  #fullError(): ActorError {
    const message = `${this.path} has ${waitingMax} messages waiting for room in its mailbox; await what tell returns`
    return new ActorError('ACTOR_MAILBOX_FULL', message, { path: this.path, waitingMax })
  }

  #notice(kind: DownNotice['kind']): DownNotice {
    return { kind, path: this.path, incarnation: this.#incarnation, reason: this.#endReason }
  }

  #status(): ActorSnapshot['status'] {
    if (this.#hasEnded) return 'ended'
    const phase = this.#life?.phase
    return phase === undefined || phase === 'over' ? 'down' : phase === 'ending' ? 'stopping' : phase
  }

  #wake(): void {
    const life = this.#life
    if (this.#isScheduled || life?.phase !== 'running' || life.atWork !== undefined) return
    if (!life.isLeaving && this.#mailbox.peek() === undefined) return
    this.#isScheduled = true
    this.#runtime.scheduler.schedule(this)
  }
}

// One for all: a promise for each message would be garbage.
const admitted = Promise.resolve()

function fateOf(policy: FailingMessagePolicy, failures: number): 'retry' | 'dead-letter' | 'drop' | 'escalate' {
  if (typeof policy === 'string') return policy
  return failures <= policy.retry ? 'retry' : policy.afterwards
}

// The types rule it out, so only a sender that goes around them gets here.
function refuseUnknown(_state: unknown, message: ActorMessage): never {
  throw new Error(`there is no handler for messages of type '${message.type}'`)
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

// Whoever ignores it has been told by other means; an unhandled rejection would end the process.
function safeToIgnore(promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}
