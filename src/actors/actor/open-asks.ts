import { ActorError } from '../../core/errors.ts'
import type { Ask } from './ask.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'

/** The questions that an incarnation has taken in and not answered yet. They die with it. */
export class OpenAsks {
  readonly #asks = new Set<Ask>()

  add(ask: Ask): void {
    if (ask.isSettled) return
    this.#asks.add(ask)
    ask.onSettled = () => this.#asks.delete(ask)
  }

  /** Lets go of one that will be taken in again. */
  forget(ask: Ask): void {
    this.#asks.delete(ask)
  }

  /** Fails them all, but for `retried`, which the next incarnation will see again. */
  fail(path: string, reason: ExitReason, retried: Ask | undefined): void {
    const cause = reason.kind === 'crashed' ? reason.error : undefined
    for (const ask of this.#asks) {
      if (ask === retried) continue
      const message = `${path} ended (${reason.kind}) before it answered; the cause, if any, tells why`
      ask.fail(new ActorError('ACTOR_ASK_FAILED', message, { path, reason: reason.kind }, cause))
    }
    this.#asks.clear()
  }
}
