import { type AlikeMessages, type Messages, pack } from './alike-messages.ts'
import { type Encoded, giveAway } from './sendable.ts'

/** Entries after which a frame is sent although there is more to come, so that the other side begins with it. */
const frameEntries = 256

/**
 * Gathers what goes to another thread into frames, in its order. Messages that follow each other are one entry: a frame
 * costs about as much as ten messages.
 */
export class Outbox<Out extends { readonly type: string }> {
  readonly #send: (frame: readonly (Out | Messages | AlikeMessages)[], transfer: readonly ArrayBuffer[]) => void
  readonly #defer: (work: () => void) => void
  #entries: (Out | Messages)[] = []
  #count = 0
  #transfer: ArrayBuffer[] = []
  #messages: Messages | undefined
  #isDeferred = false
  #isClosed = false
  #isFlushing = false
  /** Adds what is to go along with all else, right before a frame is sent. */
  beforeSend: (() => void) | undefined

  constructor(
    send: (frame: readonly (Out | Messages | AlikeMessages)[], transfer: readonly ArrayBuffer[]) => void,
    defer: (work: () => void) => void,
  ) {
    this.#send = send
    this.#defer = defer
  }

  post(entry: Out, transfer?: readonly ArrayBuffer[]): void {
    this.#entries.push(entry)
    this.#messages = undefined
    this.#added(transfer)
  }

  /** @param to - What the other side knows the receiver by. */
  postMessage(to: string | number, ask: number, { value, replaced, transfer }: Encoded): void {
    if (this.#messages === undefined) {
      this.#messages = { type: 'messages', flat: [] }
      this.#entries.push(this.#messages)
    }
    this.#messages.flat.push(to, ask, value, replaced)
    this.#added(transfer)
  }

  /** Sends at the end of what is at hand, though there may be nothing yet. */
  wake(): void {
    if (this.#isDeferred || this.#isClosed) return
    this.#isDeferred = true
    this.#defer(this.#onDeferred)
  }

  flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.beforeSend?.()
    this.#isFlushing = false
    if (this.#count === 0 || this.#isClosed) return
    const [entries, transfer] = [this.#entries, this.#transfer]
    this.#entries = []
    this.#transfer = []
    this.#count = 0
    this.#messages = undefined
    this.#send(
      entries.flatMap<Out | Messages | AlikeMessages>((entry) => (isMessages(entry) ? pack(entry.flat) : [entry])),
      transfer,
    )
  }

  /** Sends nothing any more. */
  close(): void {
    this.#isClosed = true
  }

  readonly #onDeferred = (): void => {
    this.flush()
    this.#isDeferred = false
  }

  #added(transfer: readonly ArrayBuffer[] | undefined): void {
    if (transfer !== undefined) {
      giveAway(transfer)
      this.#transfer.push(...transfer)
    }
    if (++this.#count >= frameEntries) this.flush()
    else this.wake()
  }
}

function isMessages(entry: { readonly type: string }): entry is Messages {
  return entry.type === 'messages'
}
