import type { ActorMessage, Inbox } from '../actor/ref.ts'

/** Sends a message to each, and waits for all that have no room, as `ActorRef.tell` does. */
export function broadcast(inboxes: readonly Inbox[], message: ActorMessage): Promise<void> {
  const sent = Promise.all(inboxes.map((inbox) => inbox.deliver(message))).then(() => {})
  // Whoever ignores it has been told by the dead letters.
  sent.catch(() => {})
  return sent
}
