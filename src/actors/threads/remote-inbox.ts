import type { AskDeadlines } from '../actor/ask-deadlines.ts'
import type { OpenAsk } from '../actor/ask.ts'
import { safeToIgnore } from '../actor/intake.ts'
import type { Linked } from '../actor/links.ts'
import type { DownNotice, Monitor } from '../actor/monitor.ts'
import { type ActorMessage, admitted, type Inbox } from '../actor/ref.ts'
import { Fifo } from '../mailbox/fifo.ts'
import { waitingMax } from '../mailbox/mailbox.ts'
import { mailboxFull } from '../mailbox/refusals.ts'
import { DistantLink } from './distant-link.ts'
import type { DeadLetter } from '../mailbox/dead-letters.ts'
import type { Traffic } from '../mailbox/traffic.ts'

/** Messages of one thread to one actor elsewhere that are on their way to its mailbox, and count as in it. */
const onTheirWayMax = 64

/** What brings messages elsewhere. */
interface Way {
  readonly deadlines: AskDeadlines
  readonly traffic: Traffic
  readonly deadLetters: { record(letter: DeadLetter): void }
  /** @throws ActorError `ACTOR_NOT_SENDABLE` */
  send(path: string, message: ActorMessage, ask: OpenAsk | undefined): void
  /** @param isLink - Whether one that is down is news. */
  watch(path: string, isLink: boolean, listener: (notice: DownNotice) => void): Monitor
  breakLink(path: string, notice: DownNotice): void
}

interface Waiting {
  readonly message: ActorMessage
  readonly ask: OpenAsk | undefined
  readonly sender: PromiseWithResolvers<void>
}

/** What stands on a thread for an actor elsewhere: messages to it go by way of the main thread. */
export class RemoteInbox implements Inbox {
  readonly path: string
  readonly #way: Way
  #onTheirWay = 0
  readonly #waiting = new Fifo<Waiting>()

  constructor(path: string, way: Way) {
    this.path = path
    this.#way = way
  }

  get deadlines(): AskDeadlines {
    return this.#way.deadlines
  }

  get load(): number {
    return this.#onTheirWay + this.#waiting.length
  }

  deliver(message: ActorMessage, ask?: OpenAsk): Promise<void> {
    if (this.#onTheirWay < onTheirWayMax) {
      try {
        this.#send(message, ask)
      } catch (error) {
        return this.#refuse(message, error)
      }
      return admitted
    }
    if (this.#waiting.length === waitingMax) return this.#refuse(message, mailboxFull(this.path))
    const sender = Promise.withResolvers<void>()
    this.#way.traffic.enter()
    this.#waiting.push({ message, ask, sender })
    return safeToIgnore(sender.promise)
  }

  watch(listener: (notice: DownNotice) => void): Monitor {
    return this.#way.watch(this.path, false, listener)
  }

  linkable(): Linked {
    const link: DistantLink = new DistantLink((notice) => {
      watch.cancel()
      this.#way.breakLink(this.path, notice)
    })
    const watch = this.#way.watch(this.path, true, (notice) => {
      watch.cancel()
      link.break(notice)
    })
    return link
  }

  /** So many messages are in the mailbox. */
  onRoom(count: number): void {
    this.#onTheirWay -= count
    for (let index = 0; index < count; index++) this.#way.traffic.leave()
    while (this.#onTheirWay < onTheirWayMax) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#way.traffic.leave()
      try {
        this.#send(next.message, next.ask)
        next.sender.resolve()
      } catch (error) {
        next.sender.reject(error)
        void this.#refuse(next.message, error)
      }
    }
  }

  #send(message: ActorMessage, ask: OpenAsk | undefined): void {
    this.#way.send(this.path, message, ask)
    this.#onTheirWay++
    this.#way.traffic.enter()
  }

  #refuse(message: ActorMessage, error: unknown): Promise<void> {
    this.#way.deadLetters.record({ path: this.path, messageType: message.type, reason: 'refused' })
    return safeToIgnore(Promise.reject(error))
  }
}
