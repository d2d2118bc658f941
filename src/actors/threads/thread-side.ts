import type { AskDeadlines } from '../actor/ask-deadlines.ts'
import type { OpenAsk } from '../actor/ask.ts'
import type { DownNotice, Monitor } from '../actor/monitor.ts'
import { type ActorMessage, type ActorRef, createRef } from '../actor/ref.ts'
import type { DeadLetter } from '../mailbox/dead-letters.ts'
import type { Traffic } from '../mailbox/traffic.ts'
import { notify } from '../system/events.ts'
import { noAsk } from './alike-messages.ts'
import { Asks, withoutReply } from './asks.ts'
import type { FromThread, ToThread } from './frames.ts'
import type { Outbox } from './outbox.ts'
import { RemoteInbox } from './remote-inbox.ts'
import { encode } from './sendable.ts'
import { decodeNotice, encodeNotice } from './wire-reason.ts'

/** What a thread shares with those of its references that lead elsewhere. */
interface Shared {
  readonly deadlines: AskDeadlines
  readonly traffic: Traffic
  readonly deadLetters: { record(letter: DeadLetter): void }
  readonly outbox: Outbox<FromThread>
  /** Finds the reference to an actor of this thread, or to one elsewhere. */
  readonly refOf: (path: string) => ActorRef<ActorMessage>
}

/** A thread's way to the actors elsewhere: what it sends to them, and what it hears of them. */
export class ThreadSide {
  readonly deadlines: AskDeadlines
  readonly traffic: Traffic
  readonly deadLetters: { record(letter: DeadLetter): void }
  readonly asks: Asks
  readonly #outbox: Outbox<FromThread>
  readonly #inboxes = new Map<string, RemoteInbox>()
  readonly #watches = new Map<number, (notice: DownNotice) => void>()
  #nextWatch = 0

  constructor({ deadlines, traffic, deadLetters, outbox, refOf }: Shared) {
    this.deadlines = deadlines
    this.traffic = traffic
    this.deadLetters = deadLetters
    this.#outbox = outbox
    this.asks = new Asks(refOf)
  }

  /** The reference to an actor elsewhere. */
  refTo(path: string): ActorRef<ActorMessage> {
    let inbox = this.#inboxes.get(path)
    if (inbox === undefined) this.#inboxes.set(path, (inbox = new RemoteInbox(path, this)))
    return createRef(inbox)
  }

  /** @throws ActorError `ACTOR_NOT_SENDABLE` */
  send(path: string, message: ActorMessage, ask: OpenAsk | undefined): void {
    const encoded = encode(ask === undefined ? message : withoutReply(message), path)
    this.#outbox.postMessage(path, ask === undefined ? noAsk : this.asks.open(ask, undefined), encoded)
  }

  watch(path: string, isLink: boolean, listener: (notice: DownNotice) => void): Monitor {
    const watch = this.#nextWatch++
    this.#watches.set(watch, listener)
    this.#outbox.post({ type: 'watch', watch, path, isLink })
    return {
      cancel: () => {
        if (this.#watches.delete(watch)) this.#outbox.post({ type: 'unwatch', watch })
      },
    }
  }

  breakLink(path: string, notice: DownNotice): void {
    this.#outbox.post({ type: 'linkBroken', path, notice: encodeNotice(notice) })
  }

  onRoom(path: string, count: number): void {
    this.#inboxes.get(path)?.onRoom(count)
  }

  onNotice({ watch, notice }: Extract<ToThread, { type: 'notice' }>): void {
    const listener = this.#watches.get(watch)
    if (notice.kind === 'ended') this.#watches.delete(watch)
    if (listener !== undefined) notify(listener, decodeNotice(notice))
  }
}
