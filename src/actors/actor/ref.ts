import type { Origin } from '../mailbox/origin.ts'
import type { AskDeadlines } from './ask-deadlines.ts'
import { Ask, type Answer, type AskOptions, type OpenAsk, type Question } from './ask.ts'
import type { Linked } from './links.ts'
import type { DownNotice, Monitor } from './monitor.ts'

/** What every message has: the type that picks its handler. An actor's messages are a discriminated union over it. */
export interface ActorMessage {
  readonly type: string
}

/**
 * The address of an actor. It stays good for as long as its system runs, however often the actor is restarted.
 */
export interface ActorRef<in Message extends ActorMessage> {
  /** The ids from the root supervisor down to the actor, joined by `/`. */
  readonly path: string

  /**
   * Sends a message. Messages of one sender are handled in the order in which they were sent.
   *
   * @returns A promise that resolves once the message is in the mailbox, which is at once where the mailbox has room:
   * awaiting it is the backpressure, and nothing is lost or overtaken meanwhile. An actor must not await a message to
   * itself, nor may actors that send to each other in a circle all await, because each would wait for the other.
   *
   * The promise rejects with `ACTOR_MAILBOX_CLOSED` when the actor has ended, and with `ACTOR_MAILBOX_FULL` when 1,024
   * messages wait for room already, as they do when senders do not await. Both are counted as dead letters, and so it
   * is safe to ignore the promise.
   */
  readonly tell: (message: Message) => Promise<void>

  /**
   * Sends a message that has a `reply`, which is filled in here, and waits for the answer. It fails at once, and not
   * by timeout, when the actor crashes over the question or ends.
   *
   * @throws ActorError `ACTOR_ASK_FAILED` with the crash as its cause, `ACTOR_ASK_TIMEOUT`, or as `tell` rejects; the
   * signal's reason when it aborts.
   *
   * @example
   * type CounterMessage = { type: 'add'; amount: number } | { type: 'total'; reply: Reply<number> }
   * const total = await counter.ask({ type: 'total' }) // number
   */
  ask<Asked extends Question<Message>>(question: Asked, options?: AskOptions): Promise<Answer<Message, Asked>>

  /** Calls `listener` when an incarnation goes down, and when the actor has ended, even if it had before. */
  monitor(listener: (notice: DownNotice) => void): Monitor
}

/** What stands behind a reference. */
export interface Inbox {
  readonly path: string
  readonly deadlines: AskDeadlines
  /** Messages pending. */
  readonly load: number
  /** @param origin - Where the message came from, if that is another thread. */
  deliver(message: ActorMessage, ask?: OpenAsk, origin?: Origin): Promise<void>
  watch(listener: (notice: DownNotice) => void): Monitor
  /** The live incarnation, or why there is none. */
  linkable(): Linked | DownNotice
}

const inboxKey = Symbol('inbox')

/** What stands behind a reference. */
export function inboxOf(ref: ActorRef<never>): Inbox {
  return (ref as unknown as { readonly [inboxKey]: Inbox })[inboxKey]
}

/** Whether something in a message is a reference. */
export function isRef(value: object): value is ActorRef<never> {
  return inboxKey in value
}

/** Makes the reference to an inbox: all that users see of it. */
export function createRef<Message extends ActorMessage>(inbox: Inbox): ActorRef<Message> {
  return new InboxRef(inbox)
}

class InboxRef<in Message extends ActorMessage> implements ActorRef<Message> {
  readonly path: string
  readonly [inboxKey]: Inbox

  constructor(inbox: Inbox) {
    this.path = inbox.path
    this[inboxKey] = inbox
  }

  readonly tell = (message: Message): Promise<void> => this[inboxKey].deliver(message)

  ask<Asked extends Question<Message>>(question: Asked, options?: AskOptions): Promise<Answer<Message, Asked>> {
    return askInbox(this[inboxKey], question, options) as Promise<Answer<Message, Asked>>
  }

  monitor(listener: (notice: DownNotice) => void): Monitor {
    return this[inboxKey].watch(listener)
  }
}

/** Sends a question and waits for what its `reply` is given. */
export function askInbox(inbox: Inbox, question: unknown, options?: AskOptions): Promise<unknown> {
  const ask = new Ask(inbox.path, options)
  if (!ask.isSettled) inbox.deadlines.enter(ask)
  const message = { ...(question as ActorMessage), reply: ask.reply }
  const delivered = inbox.deliver(message, ask)
  if (delivered !== admitted) delivered.catch((error: unknown) => ask.fail(error))
  return ask.answer
}

/** What `deliver` gives where there is room: one for all, because a promise for each message would be garbage. */
export const admitted: Promise<void> = Promise.resolve()
