import type { OpenAsk } from '../actor/ask.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'
import type { AskFrame } from './frames.ts'
import type { Outbox } from './outbox.ts'
import { decode, encode } from './sendable.ts'
import { decodeError, encodeError } from './wire-error.ts'

/** A question that can be answered. */
interface Answerable extends OpenAsk {
  reply(answer: unknown): void
}

/** The questions of this thread that were asked on another one. */
export class Asks<Owner = undefined> {
  readonly #refOf: (path: string) => ActorRef<ActorMessage>
  readonly #asks = new Map<number, { readonly ask: OpenAsk; readonly owner: Owner }>()
  #nextNumber = 0

  constructor(refOf: (path: string) => ActorRef<ActorMessage>) {
    this.#refOf = refOf
  }

  get size(): number {
    return this.#asks.size
  }

  /** @returns the number by which the other thread knows it. */
  open(ask: OpenAsk, owner: Owner): number {
    const number = this.#nextNumber++
    this.#asks.set(number, { ask, owner })
    ask.onSettled = () => this.#asks.delete(number)
    return number
  }

  settle(frame: AskFrame): void {
    // Nobody waits for it any more if it is not there.
    const ask = this.#asks.get(frame.ask)?.ask as Answerable | undefined
    if (frame.type === 'answered') ask?.reply(decode(frame.answer, this.#refOf))
    else ask?.fail(decodeError(frame.error))
  }

  /** Fails the questions to `owner` that are not among those kept. */
  fail(owner: Owner, kept: ReadonlySet<OpenAsk>, error: unknown): void {
    for (const { ask, owner: each } of this.#asks.values()) if (each === owner && !kept.has(ask)) ask.fail(error)
  }
}

/** A question of another thread, as this one answers it. */
export class DistantAsk implements OpenAsk {
  readonly #number: number
  readonly #path: string
  readonly #outbox: Pick<Outbox<AskFrame>, 'post'>
  isSettled = false
  onSettled: (() => void) | undefined

  constructor(number: number, path: string, outbox: Pick<Outbox<AskFrame>, 'post'>) {
    this.#number = number
    this.#path = path
    this.#outbox = outbox
  }

  readonly reply = (answer: unknown): void => {
    if (this.isSettled) return
    const { transfer, ...sent } = encode(answer, `the asker of ${this.#path}`)
    this.#settle()
    this.#outbox.post({ type: 'answered', ask: this.#number, answer: sent }, transfer)
  }

  fail(error: unknown): void {
    if (this.isSettled) return
    this.#settle()
    this.#outbox.post({ type: 'askFailed', ask: this.#number, error: encodeError(error) })
  }

  #settle(): void {
    this.isSettled = true
    this.onSettled?.()
  }
}

/** A message without the `reply` that the other thread puts in again. */
export function withoutReply(message: ActorMessage): ActorMessage {
  const { reply: _, ...question } = message as ActorMessage & { reply: unknown }
  return question
}
