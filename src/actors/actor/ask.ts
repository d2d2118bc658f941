import type { Clock, Timer } from '../../core/clock.ts'
import { ActorError } from '../../core/errors.ts'

/** Answers a question; answers after the first, or after the asker has given up, do nothing. */
export type Reply<Value> = (answer: Value) => void

/** How long a question waits for its answer. */
export interface AskOptions {
  /** Milliseconds to wait for the answer. @defaultValue 5_000 */
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
  readonly #resolve: (answer: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly #timer: Timer
  readonly #signal: AbortSignal | undefined
  isSettled = false
  onSettled: (() => void) | undefined

  constructor(path: string, clock: Clock, { timeoutMs = 5_000, signal }: AskOptions = {}) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.answer = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = clock.setTimer({ afterMs: timeoutMs }, () => {
      const message = `${path} did not answer within ${timeoutMs} ms; it may still handle the question`
      this.fail(new ActorError('ACTOR_ASK_TIMEOUT', message, { path, timeoutMs }))
    })
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
    if (signal?.aborted) this.#onAbort()
  }

  readonly reply: Reply<unknown> = (answer) => {
    this.#settle()
    this.#resolve(answer)
  }

  fail(error: unknown): void {
    this.#settle()
    this.#reject(error)
  }

  readonly #onAbort = (): void => this.fail(this.#signal?.reason)

  #settle(): void {
    this.isSettled = true
    this.#timer.cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.onSettled?.()
  }
}
