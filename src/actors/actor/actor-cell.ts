import { assert } from '../../core/assert.ts'
import type { ActorDefinition } from './actor.ts'
import { fateOf } from './failing-message.ts'
import type { OpenAsk } from './ask.ts'
import type { Child, OnExit } from '../supervision/child.ts'
import { notify } from '../system/events.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import { Incarnation, type IncarnationOwner } from './incarnation.ts'
import { linkBroken, Links } from './links.ts'
import { countsAgainstIntensity, runStopHook } from './hooks.ts'
import { Intake, safeToIgnore } from './intake.ts'
import type { Envelope } from '../mailbox/mailbox.ts'
import type { Origin } from '../mailbox/origin.ts'
import { Rate } from '../system/rate.ts'
import { type ActorMessage, type ActorRef, createRef, type Inbox, inboxOf } from './ref.ts'
import type { DownNotice, Monitor } from './monitor.ts'
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
export class ActorCell implements Child, Inbox, IncarnationOwner, Runnable {
  readonly path: string
  readonly ref: ActorRef<ActorMessage>
  readonly #definition: ActorDefinition
  readonly #shutdownMs: number
  readonly #runtime: Runtime
  readonly #onExit: OnExit
  readonly #intake: Intake
  readonly #watchers = new Set<(notice: DownNotice) => void>()
  readonly #rate: Rate
  #life: Incarnation | undefined
  #incarnation: number
  #lastReason: ExitReason | undefined
  #handledCount = 0
  #isScheduled = false
  #hasEnded = false

  /** @param incarnation - How many it has had before, on a thread that ended. */
  constructor(
    path: string,
    definition: ActorDefinition,
    shutdownMs: number,
    runtime: Runtime,
    onExit: OnExit,
    incarnation = 0,
  ) {
    this.path = path
    this.#definition = definition
    this.#shutdownMs = shutdownMs
    this.#runtime = runtime
    this.#onExit = onExit
    this.#incarnation = incarnation
    this.#intake = new Intake(path, definition, runtime)
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

  deliver(message: ActorMessage, ask?: OpenAsk, origin?: Origin): Promise<void> {
    if (this.#hasEnded) return this.#intake.refuse(message, 'ended', this.#endReason)
    const envelope = this.#intake.put(message, ask, origin)
    if (envelope === 'refused') return this.#intake.refuse(message, 'refused', this.#endReason)
    this.wake()
    return envelope.sender === undefined ? admitted : safeToIgnore(envelope.sender.promise)
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
    const life = new Incarnation(++this.#incarnation, this.ref, this.#runtime, this)
    this.#life = life
    let failure: { error: unknown } | undefined
    const initialized = this.#initialize(life).catch((error: unknown) => void (failure = { error }))
    life.atWork = initialized
    // An incarnation that is killed while it starts is down although its `init` may go on for ever.
    await new Promise<void>((resolve) => {
      life.onOver = resolve
      void initialized.then(resolve)
    })
    if (life.phase !== 'starting') {
      await life.left
      return false
    }
    life.atWork = undefined
    if (failure !== undefined) {
      await this.#leave(life, { kind: 'crashed', error: failure.error }, hookCrash)
      return false
    }
    life.phase = 'running'
    if (life.isUnstashing) this.#intake.mailbox.unstash()
    life.isUnstashing = false
    const type = life.number === 1 ? 'childStarted' : 'childRestarted'
    this.#runtime.emit({ type, path: this.path, incarnation: life.number })
    this.wake()
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
    this.#intake.end(this.#endReason)
    for (const watcher of this.#watchers) watcher(this.#notice('ended'))
    this.#watchers.clear()
  }

  get load(): number {
    return this.#intake.load
  }

  actors(): readonly Inbox[] {
    return [this]
  }

  whenDrained(): Promise<void> {
    return this.#intake.whenDrained()
  }

  forget(): void {
    this.#runtime.actors.leave(this.ref, this.#definition)
  }

  inspect(): ActorSnapshot {
    const { mailbox } = this.#intake
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

  isBusy(): boolean {
    return this.#life?.atWork !== undefined || this.#intake.mailbox.peek() !== undefined
  }

  checkStash(): void {
    this.#intake.checkStash()
  }

  link(life: Incarnation, ref: ActorRef<never>): Monitor {
    const other = inboxOf(ref).linkable()
    if ('links' in other) return Links.bind(life, other)
    // One that is down cannot be linked, also if its end was normal.
    this.#breakOff(life, other)
    return { cancel: () => {} }
  }

  linkable(): Incarnation | DownNotice {
    const life = this.#life
    const isUp = life?.phase === 'starting' || life?.phase === 'running'
    return isUp ? life : this.#notice(this.#hasEnded ? 'ended' : 'down')
  }

  onLinkedDown(life: Incarnation, notice: DownNotice): void {
    if (notice.reason.kind !== 'normal' || this.#definition.trapExit !== undefined) this.#breakOff(life, notice)
  }

  #breakOff(life: Incarnation, notice: DownNotice): void {
    if (life.phase !== 'starting' && life.phase !== 'running') return
    if (this.#definition.trapExit !== undefined) return void this.deliver(this.#definition.trapExit(notice))
    const error = linkBroken(this.path, notice)
    life.left = this.#leave(
      life,
      { kind: 'crashed', error },
      { ...hookCrash, isCounted: countsAgainstIntensity(this.#definition, error) },
    )
  }

  wake(): void {
    const life = this.#life
    if (this.#isScheduled || life?.phase !== 'running' || life.atWork !== undefined) return
    if (!life.isLeaving && this.#intake.mailbox.peek() === undefined) return
    this.#isScheduled = true
    this.#runtime.scheduler.schedule(this)
  }

  /** Handles one message; called by the scheduler. */
  run(): void {
    this.#isScheduled = false
    const life = this.#life
    if (life?.phase !== 'running' || life.atWork !== undefined) return
    if (life.isLeaving) return void this.#leave(life, { kind: 'normal' }, hookCrash)
    const envelope = this.#intake.open()
    if (envelope === undefined) return

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
    if (life.hasWishes) this.#grantWishes(life)
    else this.#intake.take()
    this.wake()
  }

  #fail(life: Incarnation, envelope: Envelope, error: unknown): void {
    // A handler that its incarnation's end broke off has not failed: the next incarnation gets its message.
    if (life.phase !== 'running') return
    life.isStashing = false
    envelope.failures++
    const fate = fateOf(this.#definition.failingMessage ?? 'dead-letter', envelope.failures)
    if (fate !== 'retry') {
      this.#intake.take()
      if (fate !== 'drop') this.#intake.recordDeadLetter(envelope.message, 'failed')
    }
    const crash = {
      message: envelope.message,
      isCounted: countsAgainstIntensity(this.#definition, error),
      isEscalated: fate === 'escalate',
    }
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
    this.#intake.failAsks(cause)
    const hasWork = life.atWork !== undefined || this.#definition.onStop !== undefined
    const givenUp: ExitReason = cause.kind === 'crashed' ? cause : { kind: 'killed' }
    const reason = await (hasWork
      ? within(this.#runtime.clock, this.#shutdownMs, runStopHook(this.#definition, this.path, life, cause), givenUp)
      : cause)
    life.phase = 'over'
    life.onOver?.()
    this.#intake.mailbox.unstash()
    this.#life = undefined
    this.#lastReason = reason

    const event = { path: this.path, incarnation: life.number }
    if (reason.kind === 'crashed') {
      const { message, isCounted } = crash
      this.#runtime.emit({ type: 'childCrashed', ...event, error: reason.error, message, isCounted })
    } else {
      this.#runtime.emit({ type: 'childStopped', ...event, reason })
    }
    life.breakLinks(this.#notice('down'))
    for (const watcher of this.#watchers) watcher(this.#notice('down'))
  }

  /** Does what a handler asked for beyond its next state. */
  #grantWishes(life: Incarnation): void {
    life.context.touch()
    if (life.isStashing) this.#intake.stash()
    else this.#intake.take()
    if (life.isUnstashing) this.#intake.mailbox.unstash()
    life.isStashing = life.isUnstashing = false
    life.hasWishes = life.context.hasReceiveTimeout
  }

  #notice(kind: DownNotice['kind']): DownNotice {
    return { kind, path: this.path, incarnation: this.#incarnation, reason: this.#endReason }
  }

  #status(): ActorSnapshot['status'] {
    if (this.#hasEnded) return 'ended'
    const phase = this.#life?.phase
    return phase === undefined || phase === 'over' ? 'down' : phase === 'ending' ? 'stopping' : phase
  }
}

// One for all: a promise for each message would be garbage.
const admitted = Promise.resolve()

// The types rule it out, so only a sender that goes around them gets here.
function refuseUnknown(_state: unknown, message: ActorMessage): never {
  throw new Error(`there is no handler for messages of type '${message.type}'`)
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
