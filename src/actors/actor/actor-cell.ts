import { assert } from '../../core/assert.ts'
import type { ActorDefinition } from './actor.ts'
import { changeFailed, CodeChanges, migrated } from './code-changes.ts'
import { fateOf } from './failing-message.ts'
import type { OpenAsk } from './ask.ts'
import type { Child, OnExit } from '../supervision/child.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import { Incarnation, type IncarnationOwner } from './incarnation.ts'
import { linkBroken, Links } from './links.ts'
import { countsAgainstIntensity, runStopHook } from './hooks.ts'
import { Intake, safeToIgnore } from './intake.ts'
import type { Origin } from '../mailbox/origin.ts'
import { Rate } from '../system/rate.ts'
import { type ActorMessage, type ActorRef, admitted, createRef, type Inbox, inboxOf } from './ref.ts'
import type { DownNotice, Monitor } from './monitor.ts'
import type { Runtime } from '../system/runtime.ts'
import type { Runnable } from '../system/scheduler.ts'
import type { ActorSnapshot } from '../system/snapshot.ts'
import { Watchers } from './watchers.ts'
import { within } from '../../core/within.ts'

/** How an incarnation came to crash, beyond the error itself. */
interface Crash {
  readonly message: ActorMessage | undefined
  readonly isCounted: boolean
  readonly isEscalated: boolean
}

/** What was before an actor came to this thread. */
export interface ActorPast {
  /** How many incarnations it had. */
  readonly incarnation: number
  /**
   * The oldest messages of its mailbox, of which one may be to blame for a crash: they were handled together then, and
   * are handled one by one, so that it fails alone.
   */
  readonly suspectCount: number
}

const noPast: ActorPast = { incarnation: 0, suspectCount: 0 }

/** What it is when no message is to blame but a hook: `init`, or `onStop` at an end that was not a crash until then. */
const hookCrash: Crash = { message: undefined, isCounted: true, isEscalated: false }

/**
 * An actor's place in its system: its address, its mailbox and at most one live incarnation. Place and mailbox stay
 * while incarnations come and go, and so references survive crashes and messages are handled once, in order.
 */
export class ActorCell implements Child, Inbox, IncarnationOwner, Runnable {
  readonly kind = 'actor'
  readonly path: string
  readonly ref: ActorRef<ActorMessage>
  #definition: ActorDefinition
  readonly #shutdownMs: number
  readonly #runtime: Runtime
  readonly #onExit: OnExit
  readonly #intake: Intake
  readonly #watchers = new Watchers()
  readonly #bornMs: number
  // Made for the first who looks.
  #rate: Rate | undefined
  #life: Incarnation | undefined
  #incarnation: number
  #lastReason: ExitReason | undefined
  #handledCount = 0
  // Made for the first change.
  #changes: CodeChanges | undefined
  #isScheduled = false
  #hasEnded = false
  /** @see ActorPast.suspectCount */
  #suspectCount: number

  constructor(
    path: string,
    definition: ActorDefinition,
    shutdownMs: number,
    runtime: Runtime,
    onExit: OnExit,
    { incarnation, suspectCount } = noPast,
  ) {
    this.path = path
    this.#definition = definition
    this.#shutdownMs = shutdownMs
    this.#runtime = runtime
    this.#onExit = onExit
    this.#incarnation = incarnation
    this.#suspectCount = suspectCount
    this.#intake = new Intake(path, definition, runtime)
    this.#bornMs = runtime.clock.monotonicMs()
    this.ref = createRef(this)
    runtime.actors.enter(this.ref, definition)
  }

  /** Why it ended; one that ends before its first incarnation was shut down. */
  get #endReason(): ExitReason {
    return this.#lastReason ?? { kind: 'shutdown' }
  }

  get deadlines() {
    return this.#runtime.deadlines
  }

  deliver(message: ActorMessage, ask?: OpenAsk, origin?: Origin): Promise<void> {
    if (this.#hasEnded) return this.#intake.refuse(message, 'ended', this.#endReason)
    const envelope = this.#intake.put(message, ask, origin)
    if (envelope === 'refused') return this.#intake.refuse(message, 'refused', this.#endReason)
    this.wake()
    return envelope.sender === undefined ? admitted : safeToIgnore(envelope.sender.promise)
  }

  watch(listener: (notice: DownNotice) => void): Monitor {
    return this.#watchers.add(listener, this.#hasEnded ? this.#notice('ended') : undefined)
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
    life.onOver = undefined
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
    this.#watchers.tell(this.#notice('ended'))
  }

  /** Has another definition take the place of the one that it has, between two messages, and makes its state of the old. */
  change(definition: ActorDefinition): Promise<void> {
    this.#changes ??= new CodeChanges()
    const changed = this.#changes.add(definition)
    if (this.#life === undefined) this.#changeWhileDown()
    else this.wake()
    return changed
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
    this.#rate ??= new Rate(this.#bornMs)
    return {
      kind: 'actor',
      path: this.path,
      status: this.#status(),
      incarnation: this.#incarnation,
      lastReason: this.#lastReason,
      handledCount: this.#handledCount,
      handledPerSecond: this.#rate.read(this.#runtime.clock.monotonicMs(), this.#handledCount),
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
    if (!life.isLeaving && !this.#isToChange && this.#intake.mailbox.peek() === undefined) return
    this.#isScheduled = true
    this.#runtime.scheduler.schedule(this)
  }

  /** Handles one message, or one batch; called by the scheduler. */
  run(): void {
    this.#isScheduled = false
    const life = this.#life
    if (life?.phase !== 'running' || life.atWork !== undefined) return
    if (life.isLeaving) return void this.#leave(life, { kind: 'normal' }, hookCrash)
    if (this.#isToChange) return void (life.atWork = this.#change(life))
    const count = this.#intake.open(this.#suspectCount > 0 ? 1 : this.#definition.batchMax)
    if (count === 0) return

    let next: unknown
    try {
      next = this.#handle(life, count)
    } catch (error) {
      return this.#fail(life, count, error)
    }
    if (isPromiseLike(next)) life.atWork = this.#finish(life, count, next)
    else this.#succeed(life, count, next)
  }

  #handle({ state, context }: Incarnation, count: number): unknown {
    const { handlers, handleBatch } = this.#definition
    const { mailbox } = this.#intake
    if (handleBatch !== undefined) {
      const messages: ActorMessage[] = []
      for (let index = 0; index < count; index++) messages.push(mailbox.headAt(index)!.message)
      return handleBatch(state, messages, context)
    }
    const { message } = mailbox.peek()!
    return (handlers[message.type] ?? refuseUnknown)(state, message, context)
  }

  async #initialize(life: Incarnation): Promise<void> {
    life.state = await this.#definition.init(life.context)
    life.hasState = true
  }

  async #finish(life: Incarnation, count: number, pending: PromiseLike<unknown>): Promise<void> {
    try {
      const next = await pending
      life.atWork = undefined
      this.#succeed(life, count, next)
    } catch (error) {
      life.atWork = undefined
      this.#fail(life, count, error)
    }
  }

  #succeed(life: Incarnation, count: number, next: unknown): void {
    // A killed incarnation that finishes after all has lost its messages to the next one.
    if (life.phase === 'over') return
    if (this.#definition.isReplaced) life.state = next
    this.#handledCount += count
    if (this.#suspectCount > 0) this.#suspectCount--
    if (life.hasWishes) this.#grantWishes(life, count)
    else this.#intake.finish(count)
    this.wake()
  }

  #fail(life: Incarnation, count: number, error: unknown): void {
    // A handler that its incarnation's end broke off has not failed: the next incarnation gets its messages.
    if (life.phase !== 'running') return
    life.isStashing = false
    const isCounted = countsAgainstIntensity(this.#definition, error)
    if (count > 1) {
      // What was set aside comes before them again.
      this.#suspectCount = this.#intake.mailbox.stashCount + count
      return void this.#leave(life, { kind: 'crashed', error }, { ...hookCrash, isCounted })
    }
    const envelope = this.#intake.mailbox.peek()!
    envelope.failures++
    const fate = fateOf(this.#definition.failingMessage ?? 'dead-letter', envelope.failures)
    if (fate !== 'retry') {
      if (this.#suspectCount > 0) this.#suspectCount--
      this.#intake.finish(1)
      if (fate !== 'drop') this.#intake.recordDeadLetter(envelope.message, 'failed')
    }
    const crash = { message: envelope.message, isCounted, isEscalated: fate === 'escalate' }
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
    this.#changeWhileDown()
    this.#lastReason = reason

    const event = { path: this.path, incarnation: life.number }
    if (reason.kind === 'crashed') {
      const { message, isCounted } = crash
      this.#runtime.emit({ type: 'childCrashed', ...event, error: reason.error, message, isCounted })
    } else {
      this.#runtime.emit({ type: 'childStopped', ...event, reason })
    }
    life.breakLinks(this.#notice('down'))
    this.#watchers.tell(this.#notice('down'))
  }

  /** Does what a handler asked for beyond its next state. */
  #grantWishes(life: Incarnation, count: number): void {
    life.context.touch()
    if (life.isStashing) this.#intake.stash(count)
    else this.#intake.finish(count)
    if (life.isUnstashing) this.#intake.mailbox.unstash()
    life.isStashing = life.isUnstashing = false
    life.hasWishes = life.context.hasReceiveTimeout
  }

  get #isToChange(): boolean {
    return this.#changes?.isEmpty === false
  }

  async #change(life: Incarnation): Promise<void> {
    const changes = this.#changes!
    try {
      const state = await migrated(life.state, this.#definition, changes.next)
      life.atWork = undefined
      // One that is ended meanwhile ends by the definition that it began with.
      if (life.phase !== 'running') return
      life.state = state
      this.#adopt()
    } catch (error) {
      // It was killed, and the definition has been taken for the next one.
      if (life.phase === 'over') return
      life.atWork = undefined
      changes.fail(changeFailed(this.path, error))
    }
    this.wake()
  }

  /** No state is there that would be made anew: the next incarnation begins with the definition. */
  #changeWhileDown(): void {
    while (this.#isToChange) this.#adopt()
  }

  #adopt(): void {
    const { next } = this.#changes!
    this.#runtime.actors.redefine(this.ref, this.#definition, next)
    this.#definition = next
    this.#intake.setBounds(next)
    this.#changes!.succeed()
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

// The types rule it out, so only a sender that goes around them gets here.
function refuseUnknown(_state: unknown, message: ActorMessage): never {
  throw new Error(`there is no handler for messages of type '${message.type}'`)
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
