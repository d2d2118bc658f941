import type { ActorPast } from '../actor/actor-cell.ts'
import type { DownNotice } from '../actor/monitor.ts'
import type { DeadLetter } from '../mailbox/dead-letters.ts'
import type { AlikeMessages, Messages } from './alike-messages.ts'
import type { Encoded } from './sendable.ts'
import type { WireError } from './wire-error.ts'

/** What a thread is told that becomes one of a system. */
export interface ThreadSetup {
  readonly systemName: string
  readonly counts: SharedArrayBuffer
  /** The actors that are elsewhere. */
  readonly paths: readonly string[]
}

/** What stays of an encoded value once its buffers are with the channel. */
export type Sent = Pick<Encoded, 'value' | 'replaced'>

/** Why something ended, with its error as it crosses. */
export type WireReason =
  | { readonly kind: 'normal' | 'shutdown' | 'killed' }
  | { readonly kind: 'crashed'; readonly error: WireError }

/** A notice as it crosses. */
export type WireNotice = Omit<DownNotice, 'reason'> & { readonly reason: WireReason }

/** An exit as it crosses. */
export interface WireExit {
  readonly reason: WireReason
  readonly isCounted: boolean
  readonly isEscalated: boolean
}

/** An event of a system as it crosses. */
export type WireEvent =
  | { readonly type: 'childStarted' | 'childRestarted'; readonly path: string; readonly incarnation: number }
  | {
      readonly type: 'childCrashed'
      readonly path: string
      readonly incarnation: number
      readonly error: WireError
      readonly message: Sent | undefined
      readonly isCounted: boolean
    }
  | {
      readonly type: 'childStopped'
      readonly path: string
      readonly incarnation: number
      readonly reason: WireReason
    }

/** Where a thread finds the definition of an actor. */
export interface Code {
  readonly module: string
  readonly exportName: string
  readonly args: Sent | undefined
}

/** What makes an actor on a thread. */
export interface PlaceOrder extends Code {
  readonly path: string
  readonly shutdownMs: number
  /** What was before, on threads that ended. */
  readonly past: ActorPast
}

/** What happens to questions, in both directions; each side numbers those that it asks. */
export type AskFrame =
  | { readonly type: 'answered'; readonly ask: number; readonly answer: Sent }
  | { readonly type: 'askFailed'; readonly ask: number; readonly error: WireError }

/** What a thread is told before it has actors: modules that it will need, and then which system it is of. */
export type ToNewThread =
  | { readonly type: 'preload'; readonly modules: readonly string[] }
  | { readonly type: 'begin'; readonly setup: ThreadSetup }

/**
 * What the main thread tells a thread. `id` is that of an actor that was placed there, `call` numbers what is answered
 * by `done`.
 */
export type ToThread =
  | AskFrame
  | { readonly type: 'place'; readonly id: number; readonly order: PlaceOrder }
  | { readonly type: 'start' | 'stop' | 'drain'; readonly id: number; readonly call: number }
  | { readonly type: 'change'; readonly id: number; readonly call: number; readonly code: Code }
  /** Gives an actor up that is down; `isForgotten` if it never comes back. */
  | { readonly type: 'end'; readonly id: number; readonly isForgotten: boolean }
  /** Messages for actors of the thread, whose numbers stand for the receivers. */
  | Messages
  | AlikeMessages
  /** So many messages to an actor elsewhere are in its mailbox. */
  | { readonly type: 'room'; readonly path: string; readonly count: number }
  | { readonly type: 'notice'; readonly watch: number; readonly notice: WireNotice }
  | { readonly type: 'linkBroken'; readonly id: number; readonly notice: WireNotice }
  /** An actor elsewhere that is there from now on, or no longer. */
  | { readonly type: 'enter' | 'leave'; readonly path: string }
  | { readonly type: 'ping' }

/** What a thread tells the main thread. */
export type FromThread =
  | AskFrame
  | { readonly type: 'done'; readonly call: number; readonly outcome: CallOutcome }
  | { readonly type: 'exit'; readonly id: number; readonly exit: WireExit }
  | { readonly type: 'down'; readonly id: number; readonly notice: WireNotice }
  | { readonly type: 'event'; readonly event: WireEvent }
  | { readonly type: 'deadLetter'; readonly letter: DeadLetter }
  /** How many messages actors are done with since they were placed: `id`, count, and again. */
  | { readonly type: 'taken'; readonly flat: number[] }
  /** Messages for actors elsewhere, whose paths stand for the receivers. */
  | Messages
  | AlikeMessages
  /** Watches an actor elsewhere; one that is down is news if `isLink`. */
  | { readonly type: 'watch'; readonly watch: number; readonly path: string; readonly isLink: boolean }
  | { readonly type: 'unwatch'; readonly watch: number }
  | { readonly type: 'linkBroken'; readonly path: string; readonly notice: WireNotice }
  /** Whether messages are on their way that the main thread knows nothing of. */
  | { readonly type: 'busy'; readonly isBusy: boolean }
  | { readonly type: 'pong' }
  /** The modules are loaded that it was told of. */
  | { readonly type: 'preloaded' }

/** What a call comes to. */
export interface CallOutcome {
  /** Of `start`: whether the actor is up. */
  readonly isUp?: boolean
  /** Of `start` and `change`: what its definition says. */
  readonly mailboxMax?: number
  /** Of `start`: what is wrong with the module, so that there is no actor. Of `change`: why there is none. */
  readonly failure?: WireError
}
