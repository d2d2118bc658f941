import type { ActorMessage, ActorRef, Inbox } from '../actor/ref.ts'
import type { ActorDefinition } from '../actor/actor.ts'
import type { ModuleActor } from '../threads/module-actor.ts'
import type { Exit } from './exit-reason.ts'
import type { ChildSnapshot } from '../system/snapshot.ts'
import type { SupervisorRef } from './supervisor-ref.ts'

/** What a supervisor supervises: an actor or another supervisor. It outlives its incarnations and their crashes. */
export interface Child {
  /** What it was started from. */
  readonly kind: 'actor' | 'module' | 'supervisor'
  readonly ref: ActorRef<ActorMessage> | SupervisorRef
  /**
   * Brings up the next incarnation.
   *
   * @returns whether it is up. If not, it has failed, and the supervisor was told so as of any exit, or it was stopped.
   */
  start(): Promise<boolean>
  /** The actors that it is or has, at any depth. */
  actors(): readonly Inbox[]
  /** Resolves once nothing is pending in it. */
  whenDrained(): Promise<unknown>
  /** Ends the live incarnation, if there is one, and waits until it is down. */
  stop(): Promise<void>
  /** Gives the child up: what it has queued becomes dead letters. It must be down. */
  end(): void
  /** Takes a child that has ended out of the addresses of its system. It is never started again. */
  forget(): void
  inspect(): ChildSnapshot
  /**
   * Has what is of the same kind take the place of what it was started from; absent where it has children.
   *
   * @throws ActorError `ACTOR_CHANGE_FAILED`
   */
  change?(start: ActorDefinition | ModuleActor): Promise<void>
}

/** Tells a supervisor that a child went down by itself, even if it was asked to stop in the meantime. */
export type OnExit = (exit: Exit) => void
