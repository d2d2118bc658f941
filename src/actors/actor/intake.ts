import { type DeadLetterReason } from '../mailbox/dead-letters.ts'
import { type Envelope, Mailbox } from '../mailbox/mailbox.ts'
import type { Origin } from '../mailbox/origin.ts'
import { mailboxClosed, mailboxFull, stashFull } from '../mailbox/refusals.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import type { Runtime } from '../system/runtime.ts'
import type { ActorDefinition } from './actor.ts'
import type { OpenAsk } from './ask.ts'
import { askFailed, OpenAsks } from './open-asks.ts'
import type { ActorMessage } from './ref.ts'

/** @see ActorParts.mailboxMax */
export const mailboxMaxDefault = 1_024

type Bounds = Pick<ActorDefinition, 'sizeOf' | 'mailboxMax' | 'mailboxMaxBytes'>

/** The mailbox of an actor, with all who are to be told of what becomes of a message: senders, askers, the system. */
export class Intake {
  readonly mailbox: Mailbox
  readonly #path: string
  #sizeOf: ((message: ActorMessage) => number) | undefined
  readonly #runtime: Runtime
  readonly #openAsks = new OpenAsks()
  /** Of all messages that have one. */
  #origin: Origin | undefined
  /** Messages that were opened last. */
  #openedCount = 0
  #drained: PromiseWithResolvers<void> | undefined

  constructor(path: string, bounds: Bounds, runtime: Runtime) {
    this.#path = path
    this.#sizeOf = bounds.sizeOf?.bind(bounds)
    this.#runtime = runtime
    this.mailbox = new Mailbox(bounds.mailboxMax ?? mailboxMaxDefault, bounds.mailboxMaxBytes ?? Infinity)
  }

  /** Takes further messages by other bounds. */
  setBounds(bounds: Bounds): void {
    this.#sizeOf = bounds.sizeOf?.bind(bounds)
    this.mailbox.setMax(bounds.mailboxMax ?? mailboxMaxDefault, bounds.mailboxMaxBytes ?? Infinity)
  }

  /**
   * Takes a message in, or refuses it, as `ActorRef.tell` says. The envelope has a `sender` while it waits for room.
   */
  put(message: ActorMessage, ask: OpenAsk | undefined, origin: Origin | undefined): Envelope | 'refused' {
    const sizeBytes = this.#sizeOf?.(message) ?? 0
    const envelope: Envelope = { message, sizeBytes, ask, origin, sender: undefined, failures: 0 }
    const outcome = this.mailbox.put(envelope)
    if (outcome === 'refused') return outcome
    if (origin !== undefined) this.#origin = origin
    this.#runtime.traffic.enter()
    if (outcome === 'waiting') envelope.sender = Promise.withResolvers()
    return envelope
  }

  refuse(message: ActorMessage, reason: 'ended' | 'refused', end: ExitReason): Promise<void> {
    this.recordDeadLetter(message, reason)
    return safeToIgnore(Promise.reject(reason === 'ended' ? mailboxClosed(this.#path, end) : mailboxFull(this.#path)))
  }

  /**
   * Opens the messages to handle next.
   *
   * @returns How many they are, `max` at most.
   */
  open(max: number): number {
    if (this.mailbox.peek() === undefined) return 0
    const count = max === 1 ? 1 : Math.min(this.mailbox.headCount, max)
    this.#openedCount = count
    const fromElsewhere = this.#countFromElsewhere(count)
    if (fromElsewhere > 0) this.#origin!.onOpened(fromElsewhere, count > 1)
    return count
  }

  /**
   * Takes out as many messages, which have been handled. Whoever asked one and has no answer yet is told when the actor
   * goes down before it.
   */
  finish(count: number): void {
    for (let index = 0; index < count; index++) {
      const ask = this.mailbox.headAt(index)?.ask
      if (ask?.isSettled === false) this.#openAsks.add(ask)
    }
    this.take(count)
  }

  /** Takes out as many messages, which are done with. */
  take(count: number): void {
    this.#tellTaken(count)
    for (let index = 0; index < count; index++) {
      this.mailbox.shift()
      this.#runtime.traffic.leave()
    }
    if (this.#drained !== undefined && this.load === 0) this.#drained.resolve()
  }

  /** Messages pending. */
  get load(): number {
    return this.mailbox.admittedCount + this.mailbox.waitingCount
  }

  /** Resolves once no message is left. */
  whenDrained(): Promise<void> {
    if (this.load === 0) return Promise.resolve()
    this.#drained ??= Promise.withResolvers()
    return this.#drained.promise
  }

  checkStash(): void {
    if (!this.mailbox.canStash(this.#openedCount)) throw stashFull(this.#path, this.mailbox.stashCount)
  }

  /** Sets as many messages aside, which were handled. */
  stash(count: number): void {
    this.#tellTaken(count)
    for (let index = 0; index < count; index++) {
      this.mailbox.peek()!.origin = undefined
      this.mailbox.stash()
    }
  }

  /** Tells those whose questions have been handled that there will be no answer. */
  failAsks(reason: ExitReason): void {
    this.#openAsks.fail(this.#path, reason)
  }

  /** Tells it of all at once: of some it would not be true if the thread ended meanwhile. */
  #tellTaken(count: number): void {
    const fromElsewhere = this.#countFromElsewhere(count)
    if (fromElsewhere > 0) this.#origin!.onTaken(fromElsewhere)
  }

  #countFromElsewhere(count: number): number {
    if (this.#origin === undefined) return 0
    let fromElsewhere = 0
    for (let index = 0; index < count; index++) if (this.mailbox.headAt(index)?.origin !== undefined) fromElsewhere++
    return fromElsewhere
  }

  /** Makes dead letters of all that is left. */
  end(reason: ExitReason): void {
    this.#drained?.resolve()
    this.#drained = undefined
    for (const { message, ask, sender, origin } of this.mailbox.clear()) {
      this.#runtime.traffic.leave()
      // The thread that it came from has it still, and says what becomes of it.
      if (origin?.isKept === true) continue
      this.recordDeadLetter(message, 'stopped')
      sender?.reject(mailboxClosed(this.#path, reason))
      ask?.fail(mailboxClosed(this.#path, reason))
    }
  }

  /** The questions among the messages. */
  pendingAsks(): Set<OpenAsk> {
    const asks = new Set<OpenAsk>()
    for (let index = 0; index < this.load; index++) {
      const ask = this.mailbox.at(index)?.ask
      if (ask !== undefined) asks.add(ask)
    }
    return asks
  }

  /** Drops the messages that are lost, wherever they are in the mailbox. */
  dropLost(isLost: (message: ActorMessage) => boolean, reason: ExitReason): void {
    for (const envelope of this.mailbox.clear()) {
      const { message, ask, sender } = envelope
      if (isLost(message)) {
        this.#runtime.traffic.leave()
        this.recordDeadLetter(message, 'lost')
        ask?.fail(askFailed(this.#path, reason))
      } else if (this.mailbox.put(envelope) === 'waiting') continue
      sender?.resolve()
      envelope.sender = undefined
    }
  }

  recordDeadLetter(message: ActorMessage, reason: DeadLetterReason): void {
    this.#runtime.deadLetters.record({ path: this.#path, messageType: message.type, reason })
  }
}

// Whoever ignores it has been told by other means; an unhandled rejection would end the process.
export function safeToIgnore(promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}
