import type { Answer, AskOptions, Question } from '../actor/ask.ts'
import type { ActorMessage } from '../actor/ref.ts'

/** The address of a group: each message goes to the member, or members, that its routing picks at that moment. */
export interface GroupRef<in Message extends ActorMessage> {
  /** The path of the group's supervisor. */
  readonly path: string
  /** Members that get messages now. */
  readonly size: number

  /**
   * Sends a message as `ActorRef.tell` does. Messages of one sender to one member are handled in order; with a key,
   * those of one key are, for as long as no member comes or goes.
   */
  readonly tell: (message: Message) => Promise<void>

  /** Asks one member as `ActorRef.ask` does; where all get each message, the next in turn. */
  ask<Asked extends Question<Message>>(question: Asked, options?: AskOptions): Promise<Answer<Message, Asked>>

  /** Sends a message to all members, whatever the routing. What it returns waits for all that have no room. */
  readonly broadcast: (message: Message) => Promise<void>

  /**
   * Adds members, or removes the youngest: those get no more messages from the group, handle what they have queued, for
   * up to `drainMs`, and are terminated. Resizes run one after the other.
   *
   * @throws ActorError `ACTOR_SPEC_INVALID` when the size is not a whole number of at least 1, or is outside
   * `autoscale`; `ACTOR_SUPERVISOR_DOWN`; `ACTOR_START_FAILED`.
   */
  resize(size: number): Promise<void>
}
