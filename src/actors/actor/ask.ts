import { ActorError } from '../../core/errors.ts'
import type { AskDeadlines } from './ask-deadlines.ts'

/** Answers a question; answers after the first, or after the asker has given up, do nothing. */
export type Reply<Value> = (answer: Value) => void

/** How long a question waits for its answer. */
export interface AskOptions {
  /** Milliseconds to wait for the answer, from the end of this turn of the event loop on. @defaultValue 5_000 */
  readonly timeoutMs?: number
  /** Gives the question up when it aborts. The actor may still handle it. */
  readonly signal?: AbortSignal
}

/** The messages that can be asked, without the `reply` that asking fills in. */
export type Question<Message> = Message extends { readonly reply: Reply<never> } ? Omit<Message, 'reply'> : never

/** What the reply to a question takes. */
export type Answer<Message, Asked> = Asked extends { readonly type: infer Type }
  ? Extract<Message, { readonly type: Type }> extends { readonly reply: Reply<infer Value> }
    ? Value
    : never
  : never

/** A question that somebody has asked, as those see it who pass it on. */
export interface OpenAsk {
  readonly isSettled: boolean
  /** Told when it is settled, so that whoever holds on to it lets go. */
  onSettled: (() => void) | undefined
  fail(error: unknown): void
}

/** One question on its way: settled once, by the reply, a failure, the timeout or the signal, whichever comes first. */
export class Ask implements OpenAsk {
  readonly answer: Promise<unknown>
  readonly timeoutMs: number
  readonly #path: string
  readonly #signal: AbortSignal | undefined
  #resolve!: (answer: unknown) => void
  #reject!: (error: unknown) => void
  isSettled = false
  onSettled: (() => void) | undefined
  /** The deadlines that it is among, once it has waited for a turn of the event loop. */
  deadlines: AskDeadlines | undefined

  constructor(path: string, { timeoutMs = 5_000, signal }: AskOptions = noOptions) {
    this.#path = path
    this.timeoutMs = timeoutMs
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#signal = signal
    if (signal === undefined) return
    signal.addEventListener('abort', this)
    if (signal.aborted) this.handleEvent()
  }

  readonly reply: Reply<unknown> = (answer) => {
    if (this.isSettled) return
    this.#settle()
    this.#resolve(answer)
  }

  fail(error: unknown): void {
    if (this.isSettled) return
    this.#settle()
    this.#reject(error)
  }

  /** The time is up. */
  expire(): void {
    const [path, timeoutMs] = [this.#path, this.timeoutMs]
    const message = `${path} did not answer within ${timeoutMs} ms; it may still handle the question`
    this.fail(new ActorError('ACTOR_ASK_TIMEOUT', message, { path, timeoutMs }))
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.fail(this.#signal?.reason)
  }

  #settle(): void {
    this.isSettled = true
    this.deadlines?.leave(this)
    this.#signal?.removeEventListener('abort', this)
    this.onSettled?.()
  }
}

const noOptions: AskOptions = {}
