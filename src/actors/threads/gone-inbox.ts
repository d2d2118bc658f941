import type { AskDeadlines } from '../actor/ask-deadlines.ts'
import { safeToIgnore } from '../actor/intake.ts'
import type { DownNotice, Monitor } from '../actor/monitor.ts'
import type { ActorMessage, Inbox } from '../actor/ref.ts'
import type { DeadLetter } from '../mailbox/dead-letters.ts'
import { mailboxClosed } from '../mailbox/refusals.ts'

/** What stands behind a reference from another thread to an actor that is forgotten: it has ended. */
export class GoneInbox implements Inbox {
  readonly path: string
  readonly deadlines: AskDeadlines
  readonly load = 0
  readonly #deadLetters: { record(letter: DeadLetter): void }

  constructor(path: string, deadlines: AskDeadlines, deadLetters: { record(letter: DeadLetter): void }) {
    this.path = path
    this.deadlines = deadlines
    this.#deadLetters = deadLetters
  }

  deliver(message: ActorMessage): Promise<void> {
    this.#deadLetters.record({ path: this.path, messageType: message.type, reason: 'ended' })
    return safeToIgnore(Promise.reject(mailboxClosed(this.path, { kind: 'shutdown' })))
  }

  watch(listener: (notice: DownNotice) => void): Monitor {
    let isCancelled = false
    queueMicrotask(() => isCancelled || listener(this.linkable()))
    return { cancel: () => void (isCancelled = true) }
  }

  linkable(): DownNotice {
    return { kind: 'ended', path: this.path, incarnation: 0, reason: { kind: 'shutdown' } }
  }
}
