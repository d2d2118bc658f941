import { ActorError } from '../../core/errors.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import { waitingMax } from './mailbox.ts'

/** What a sender gets of an actor that has ended. */
export function mailboxClosed(path: string, { kind: reason }: ExitReason): ActorError {
  const message = `${path} has ended (${reason}) and takes no messages`
  return new ActorError('ACTOR_MAILBOX_CLOSED', message, { path, reason })
}

/** What a sender gets of an actor for which too many others wait. */
export function mailboxFull(path: string): ActorError {
  const message = `${path} has ${waitingMax} messages waiting for room in its mailbox; await what tell returns`
  return new ActorError('ACTOR_MAILBOX_FULL', message, { path, waitingMax })
}

/** What an actor gets that sets aside as much as its mailbox holds. */
export function stashFull(path: string, stashCount: number): ActorError {
  const message = `${path} has set ${stashCount} messages aside; one more would leave no room in its mailbox`
  return new ActorError('ACTOR_STASH_FULL', message, { path, stashCount })
}
