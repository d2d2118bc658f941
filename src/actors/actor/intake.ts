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

/** The mailbox of an actor, with all who are to be told of what becomes of a message: senders, askers, the system. */
export class Intake {
  readonly mailbox: Mailbox
  readonly #path: string
  readonly #sizeOf: ((message: ActorMessage) => number) | undefined
  readonly #runtime: Runtime
  readonly #openAsks = new OpenAsks()
  #drained: PromiseWithResolvers<void> | undefined

  constructor(
    path: string,
    bounds: Pick<ActorDefinition, 'sizeOf' | 'mailboxMax' | 'mailboxMaxBytes'>,
    runtime: Runtime,
  ) {
    this.#path = path
    this.#sizeOf = bounds.sizeOf?.bind(bounds)
    this.#runtime = runtime
    this.mailbox = new Mailbox(bounds.mailboxMax ?? mailboxMaxDefault, bounds.mailboxMaxBytes ?? Infinity)
  }

  /**
   * Takes a message in, or refuses it, as `ActorRef.tell` says. The envelope has a `sender` while it waits for room.
   */
  put(message: ActorMessage, ask: OpenAsk | undefined, origin: Origin | undefined): Envelope | 'refused' {
    const sizeBytes = this.#sizeOf?.(message) ?? 0
    const envelope: Envelope = { message, sizeBytes, ask, origin, sender: undefined, failures: 0 }
    const outcome = this.mailbox.put(envelope)
    if (outcome === 'refused') return outcome
    this.#runtime.traffic.enter()
    if (outcome === 'waiting') envelope.sender = Promise.withResolvers()
    return envelope
  }

  refuse(message: ActorMessage, reason: 'ended' | 'refused', end: ExitReason): Promise<void> {
    this.recordDeadLetter(message, reason)
    return safeToIgnore(Promise.reject(reason === 'ended' ? mailboxClosed(this.#path, end) : mailboxFull(this.#path)))
  }

  /** The message to handle next; whoever asked it is told when the actor goes down before the answer. */
  open(): Envelope | undefined {
    const envelope = this.mailbox.peek()
    if (envelope?.ask !== undefined) this.#openAsks.add(envelope.ask)
    envelope?.origin?.onOpened()
    return envelope
  }

  /** Takes out the message that was handled. */
  take(): void {
    this.mailbox.peek()?.origin?.onTaken()
    this.mailbox.shift()
    this.#runtime.traffic.leave()
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
    if (!this.mailbox.canStash()) throw stashFull(this.#path, this.mailbox.stashCount)
  }

  /** Sets the message that was handled aside. */
  stash(): void {
    const envelope = this.mailbox.peek()
    if (envelope?.ask !== undefined) this.#openAsks.forget(envelope.ask)
    envelope?.origin?.onTaken()
    if (envelope !== undefined) envelope.origin = undefined
    this.mailbox.stash()
  }

  /** Tells those who asked that there will be no answer, but for the message that the next incarnation sees again. */
  failAsks(reason: ExitReason): void {
    this.#openAsks.fail(this.#path, reason, this.mailbox.peek()?.ask)
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
