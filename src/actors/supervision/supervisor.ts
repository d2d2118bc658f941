import type { ActorDefinition } from '../actor/actor.ts'
import type { Backoff, RestartType } from './restart-policy.ts'

/**
 * Which children a supervisor restarts when one of them ends:
 * - `oneForOne`: only that one;
 * - `oneForAll`: all;
 * - `restForOne`: that one and those after it in the list.
 *
 * Children stop in reverse order, then start in order. A child that has ended is not restarted with the others if
 * it is `temporary`; a `transient` one is.
 */
export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne'

/** What a supervisor starts, and when it restarts it. */
export type ChildSpec = ActorChildSpec | SupervisorChildSpec

/** An actor below a supervisor. */
export interface ActorChildSpec {
  /** Names the child among its siblings; not empty and without `/`. @defaultValue the name of what it starts */
  readonly id?: string
  readonly start: ActorDefinition
  /** @defaultValue 'permanent' */
  readonly restart?: RestartType
  /** Milliseconds to finish the message at hand and `onStop` before the child is given up. @defaultValue 5_000 */
  readonly shutdownMs?: number
}

/** A supervisor below another one. */
export interface SupervisorChildSpec {
  /** Names the child among its siblings; not empty and without `/`. @defaultValue the name of what it starts */
  readonly id?: string
  readonly start: SupervisorSpec
  /** @defaultValue 'permanent' */
  readonly restart?: RestartType
  /** A supervisor takes as long as its children may take, one after the other. */
  readonly shutdownMs?: never
}

/** How a supervisor treats its children. */
export interface SupervisorOptions {
  readonly name: string
  /** @defaultValue 'oneForOne' */
  readonly strategy?: Strategy
  /** Restarts allowed within `withinMs`; at one more the supervisor stops its children and fails. @defaultValue 3 */
  readonly maxRestarts?: number
  /** Milliseconds in which `maxRestarts` are allowed. @defaultValue 5_000 */
  readonly withinMs?: number
  /** How long to wait before a restart. @defaultValue no wait */
  readonly backoff?: Backoff
  /** Started in this order, stopped in reverse. */
  readonly children: readonly ChildSpec[]
}

/** An inert description of a supervisor, for `startSystem` or another supervisor to start. */
export interface SupervisorSpec extends SupervisorOptions {
  readonly kind: 'supervisor'
}

/**
 * Describes a supervisor. Faults in the description are found by `startSystem`.
 *
 * @example
 * supervisor({
 *   name: 'sinks',
 *   strategy: 'oneForOne',
 *   maxRestarts: 3,
 *   withinMs: 5_000,
 *   children: [{ id: 'sink-0', start: sink, shutdownMs: 5_000 }],
 * })
 *
 * @see Erlang/OTP design principles, supervisor behaviour
 */
export function supervisor(options: SupervisorOptions): SupervisorSpec {
  return { kind: 'supervisor', ...options }
}
