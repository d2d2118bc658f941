import { ActorError } from '../../core/errors.ts'
import type { OpenAsk } from './ask.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'

/** The questions that an incarnation has handled and not answered yet. They die with it. */
export class OpenAsks {
  // Made for the first of them: many actors are never asked.
  #asks: Set<OpenAsk> | undefined

  add(ask: OpenAsk): void {
    const asks = (this.#asks ??= new Set())
    asks.add(ask)
    ask.onSettled = () => asks.delete(ask)
  }

  fail(path: string, reason: ExitReason): void {
    for (const ask of this.#asks ?? []) ask.fail(askFailed(path, reason))
  }
}

/** What an asker gets whose question died with an incarnation. */
export function askFailed(path: string, reason: ExitReason): ActorError {
  const message = `${path} ended (${reason.kind}) before it answered; the cause, if any, tells why`
  const cause = reason.kind === 'crashed' ? reason.error : undefined
  return new ActorError('ACTOR_ASK_FAILED', message, { path, reason: reason.kind }, cause)
}
