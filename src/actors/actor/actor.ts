import type { Clock, Timer } from '../../core/clock.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import type { GroupRef } from '../routing/group-ref.ts'
import type { SupervisorRef } from '../supervision/supervisor-ref.ts'
import type { ActorMessage, ActorRef } from './ref.ts'
import type { DownNotice, Monitor } from './monitor.ts'

/** An actor as another module describes it: a `ModuleActor`. */
interface NamedActor<out Message extends ActorMessage> {
  readonly kind: 'module'
  readonly name: string
  readonly message?: Message
}

/** What an actor knows of itself and of its system, during one incarnation. */
export interface ActorContext<in out Message extends ActorMessage> {
  readonly self: ActorRef<Message>
  readonly path: string
  /** 1 for the first life, one more for every restart. */
  readonly incarnation: number
  readonly clock: Clock
  /** Aborts when this incarnation begins to end, whatever the reason: handlers that wait should heed it. */
  readonly signal: AbortSignal
  /** Ends this incarnation as `normal` once the current message is handled. A `permanent` child is then restarted. */
  stop(): void
  /**
   * Finds another actor of the system, started or not, as `ActorSystem.ref` does.
   *
   * @throws ActorError `ACTOR_NOT_FOUND`
   */
  ref<Other extends ActorMessage>(actor: ActorDefinition<Other> | NamedActor<Other> | string): ActorRef<Other>
  /**
   * Finds a supervisor of the system, as `ActorSystem.supervisor` does: to start children, or to stop them.
   *
   * @throws ActorError `ACTOR_NOT_FOUND`
   */
  supervisor(address: string): SupervisorRef
  /**
   * Finds a group of the system, as `ActorSystem.group` does.
   *
   * @throws ActorError `ACTOR_NOT_FOUND`
   */
  group<Other extends ActorMessage>(address: string): GroupRef<Other>
  /** Watches another actor for the rest of this incarnation. Notices arrive as the messages that `toMessage` makes. */
  monitor(ref: ActorRef<never>, toMessage: (notice: DownNotice) => Message): Monitor
  /**
   * Links this incarnation and that of another actor: when one goes down for any reason but `normal`, the other crashes
   * with `ACTOR_LINK_BROKEN`, or hears of it where it has `trapExit`. A link to an actor that is down breaks at once.
   * Links end with the incarnation.
   *
   * @see Erlang/OTP `link/1` and `process_flag(trap_exit, true)`
   */
  link(ref: ActorRef<never>): Monitor
  /** Sends `message` to this actor after `ms` milliseconds, unless cancelled, or this incarnation has ended. */
  sendAfter(ms: number, message: Message): Timer
  /**
   * Sends `message` to this actor every `ms` milliseconds, the first after as many, until cancelled or this incarnation
   * ends. A time at which the message before still waits for room in the mailbox is skipped.
   */
  sendEvery(ms: number, message: Message): Timer
  /**
   * Sends `message` to this actor whenever it has had no message for `ms` milliseconds; it takes the place of the
   * receive timeout before. That message, too, is one: the next comes `ms` after it.
   */
  receiveTimeout(ms: number, message: Message): Timer
  /**
   * Sets the current message, or batch, aside once its handler has finished, until `unstashAll`. It stays within the bounds of the
   * mailbox and survives a crash: then the next incarnation handles it, in the order of arrival.
   *
   * @throws ActorError `ACTOR_STASH_FULL` when that would leave no room in the mailbox for another message.
   */
  stash(): void
  /** Handles the messages that were set aside before all others, in their order, once the handler has finished. */
  unstashAll(): void
}

/**
 * One handler per message type: takes the state and returns the next one, so one that forgets its `return` does not
 * compile. While a promise is pending no other message is handled.
 */
export type Handlers<Message extends ActorMessage, State> = HandlersWith<Message, State, State>

/** The same where the state is an object, or nothing: handlers change it in place, and return nothing. */
export type InPlaceHandlers<Message extends ActorMessage, State> = HandlersWith<Message, State, void>

/**
 * Handles what the mailbox has, `batchMax` messages at most, in the order in which they came; it changes the state in
 * place. When it fails it has handled none of them: the next incarnation gets them one by one, so that only a message
 * that fails alone is a failing one.
 */
export type BatchHandler<Message extends ActorMessage, State> = (
  state: State,
  messages: readonly Message[],
  context: ActorContext<Message>,
) => void | Promise<void>

type HandlersWith<Message extends ActorMessage, State, Result> = {
  readonly [Type in Message['type']]: (
    state: State,
    message: Extract<Message, { readonly type: Type }>,
    context: ActorContext<Message>,
  ) => Result | Promise<Result>
}

/**
 * What becomes of the message whose handler failed; the others in the mailbox are kept in any case.
 * - `dead-letter`: it is counted as a dead letter;
 * - `drop`: it is forgotten;
 * - `retry`: the next incarnation gets it again, first, up to so many times; `Infinity` leaves giving up to the
 *   handler. After that it goes by `afterwards`, where `escalate` counts it as a dead letter and makes the supervisor
 *   fail.
 */
export type FailingMessagePolicy =
  | 'dead-letter'
  | 'drop'
  | { readonly retry: number; readonly afterwards: 'dead-letter' | 'drop' | 'escalate' }

/**
 * What an actor is made of: its parts, and its handlers: such that return the next state, such that change the state in
 * place, or one for batches.
 */
export type ActorSpec<Message extends ActorMessage, State> = ActorParts<Message, State> &
  (
    | { readonly handle: Handlers<Message, State>; readonly handleInPlace?: never; readonly handleBatch?: never }
    | { readonly handleInPlace: InPlaceHandlers<Message, State>; readonly handle?: never; readonly handleBatch?: never }
    | {
        readonly handleBatch: BatchHandler<Message, State>
        /** Messages in a batch at most. @defaultValue 128 */
        readonly batchMax?: number
        readonly handle?: never
        readonly handleInPlace?: never
      }
  )

/**
 * What every actor is made of. Hooks run once per incarnation, in the order `init`, handlers, `onStop`, each awaited.
 */
export interface ActorParts<Message extends ActorMessage, State> {
  /** The actor's id below its supervisor, unless the child gives another. */
  readonly name: string
  /** Makes the first state of each incarnation. When it fails, the incarnation has crashed. */
  init(context: ActorContext<Message>): State | Promise<State>
  /**
   * Releases what this incarnation holds. It runs after the last handler has finished, unless `init` failed or the
   * incarnation was killed, and must be done within the child's `shutdownMs`.
   */
  onStop?(state: State, reason: ExitReason, context: ActorContext<Message>): void | Promise<void>
  /** Messages in the mailbox, the one being handled included, before senders have to wait. @defaultValue 1_024 */
  readonly mailboxMax?: number
  /** The same by bytes as `sizeOf` tells them; a larger message is let into an empty mailbox. @defaultValue Infinity */
  readonly mailboxMaxBytes?: number
  /** The bytes that a message holds; required with `mailboxMaxBytes`. */
  sizeOf?(message: Message): number
  /** @defaultValue 'dead-letter' */
  readonly failingMessage?: FailingMessagePolicy
  /**
   * Tells definitions of an actor apart whose states have different shapes: a whole number of at least 1.
   *
   * @defaultValue 1
   * @see SupervisorRef.changeChild
   */
  readonly version?: number
  /**
   * Makes the state of this version of what a definition of `fromVersion` had, when it takes that one's place while the
   * actor is up. Where versions are the same the state is kept as it is, and this is not called.
   *
   * @see Erlang/OTP `gen_server`: `code_change/3`
   */
  migrate?(state: unknown, fromVersion: number): State | Promise<State>
  /**
   * Makes a message of the end of a linked actor, `normal` ones too. @defaultValue it crashes with what it is linked to
   */
  trapExit?(notice: DownNotice): Message
  /**
   * Whether a crash counts against the supervisor's restart intensity. One that does not is restarted at once, without
   * backoff, however often it happens: for faults that lie in a message and not in the actor. @defaultValue always
   */
  countsAgainstIntensity?(error: unknown): boolean
}

/** An inert description of an actor, for a supervisor to start. `Message` is the type of what it is sent. */
export interface ActorDefinition<out Message extends ActorMessage = ActorMessage> extends ActorParts<
  ActorMessage,
  unknown
> {
  readonly kind: 'actor'
  readonly handlers: Readonly<Record<string, Handler>>
  /** In place of the handlers. */
  readonly handleBatch: BatchHandler<ActorMessage, unknown> | undefined
  /** Messages that are handled at once, at most: 1 without `handleBatch`. */
  readonly batchMax: number
  /** Whether the state is what handlers return. Else they change it in place. */
  readonly isReplaced: boolean
  /** Never there; it tells `ref` which messages the actor takes. */
  readonly message?: Message
}

type Handler = (state: unknown, message: ActorMessage, context: ActorContext<ActorMessage>) => unknown

/**
 * Describes an actor: state in, state out. A handler that is missing or misspelt does not compile.
 *
 * @example
 * type CounterMessage = { type: 'add'; amount: number } | { type: 'reset' }
 * const counter = defineActor<CounterMessage, number>({
 *   name: 'counter',
 *   init: () => 0,
 *   handle: { add: (total, message) => total + message.amount, reset: () => 0 },
 * })
 */
export function defineActor<Message extends ActorMessage, State>(
  spec: ActorSpec<Message, State>,
): ActorDefinition<Message> {
  const { handle, handleInPlace, handleBatch, ...parts } = spec
  const { batchMax = 128 } = parts as { batchMax?: number }
  // Message and state are forgotten here, the one place, so that actors of all kinds fit under one supervisor; the
  // handlers still only meet what they were written for, since references are typed.
  return {
    ...(parts as unknown as ActorParts<ActorMessage, unknown>),
    kind: 'actor',
    handlers: (handle ?? handleInPlace ?? {}) as unknown as ActorDefinition['handlers'],
    handleBatch: handleBatch as unknown as ActorDefinition['handleBatch'],
    batchMax: handleBatch === undefined ? 1 : batchMax,
    isReplaced: handle !== undefined,
  }
}
