import type { ActorMessage, ActorRef, Inbox } from '../actor/ref.ts'
import { broadcast } from '../routing/broadcast.ts'
import { type ChildCounts, type ChildSnapshot, countAll, type SupervisorSnapshot } from '../system/snapshot.ts'
import type { RestartType } from './restart-policy.ts'

/** What can be started: `defineActor`, `fromModule` and `supervisor` make it. */
interface Startable<Kind extends 'actor' | 'supervisor'> {
  readonly kind: Kind | (Kind extends 'actor' ? 'module' : never)
  readonly name: string
}

/** What an actor is changed to: `defineActor` makes it, or `fromModule` where it is on a thread. */
export type ChangedActor = Startable<'actor'>

/** A child to add: an `ActorChildSpec` or a `SupervisorChildSpec`. */
export interface AddedChild<Kind extends 'actor' | 'supervisor' = 'actor' | 'supervisor'> {
  readonly id?: string
  readonly start: Startable<Kind>
  readonly restart?: RestartType
  readonly shutdownMs?: number
  readonly significant?: boolean
  readonly thread?: string
}

/** One more of many that are alike, below a `simpleOneForOne`. */
export interface AddedAlike {
  /** @defaultValue the number of children that the supervisor has made so far, and one */
  readonly id?: string
  /** What the template's `start` is called with. */
  readonly args: unknown
}

/**
 * The address of a supervisor, to change and inspect its children while it runs. It stays good for as long as its
 * system runs. Children that are added belong to one life of the supervisor: when it is restarted or stopped they
 * end, and it begins again with those of its description.
 *
 * No actor may await `terminateChild` of itself, because it would wait for itself.
 *
 * @see Erlang/OTP `supervisor`: `start_child/2`, `terminate_child/2`, `restart_child/2`, `delete_child/2`
 */
export interface SupervisorRef {
  /** The ids from the root supervisor down to this one, joined by `/`. */
  readonly path: string

  /**
   * Adds a child after the others and starts it.
   *
   * @returns the reference to the child, once it is up.
   *
   * @throws ActorError `ACTOR_START_FAILED` with the cause when it does not start; it is not kept then.
   * `ACTOR_CHILD_EXISTS` when a child has its id, running or not; `ACTOR_CHILDREN_FULL`; `ACTOR_SPEC_INVALID`;
   * `ACTOR_SUPERVISOR_DOWN` unless the supervisor runs.
   */
  startChild<Message extends ActorMessage>(spec: AddedChild<'actor'> | AddedAlike): Promise<ActorRef<Message>>
  startChild(spec: AddedChild<'supervisor'>): Promise<SupervisorRef>

  /**
   * Stops a child, in as much time as its `shutdownMs` allows, and gives it up: what it has queued becomes dead
   * letters. Its description is kept, unless it was added and is `temporary`, or is one of many alike: `restartChild`
   * starts it again, and so do `oneForAll` and `restForOne` with the others. One that is pending its restart is not
   * restarted.
   *
   * @throws ActorError `ACTOR_NOT_FOUND` when there is no such child; `ACTOR_SUPERVISOR_DOWN`.
   */
  terminateChild(id: string, options?: TerminateOptions): Promise<void>

  /**
   * Starts a child that was terminated or has ended for good, after a restart of the others that is under way.
   *
   * @throws ActorError `ACTOR_CHILD_RUNNING` when it runs or is restarted; `ACTOR_START_FAILED` with the cause, and
   * then it is kept as it was; `ACTOR_NOT_FOUND`; `ACTOR_SUPERVISOR_DOWN`.
   */
  restartChild(id: string): Promise<void>

  /**
   * Forgets a child that was terminated or has ended for good.
   *
   * @throws ActorError `ACTOR_CHILD_RUNNING` when it runs or is restarted; `ACTOR_NOT_FOUND`; `ACTOR_SUPERVISOR_DOWN`.
   */
  deleteChild(id: string): Promise<void>

  /**
   * Changes the code of an actor while it runs: another definition takes the place of the one that it has, before the
   * next message that it handles. It keeps its mailbox, its references, its timers and its state, of which `migrate` of
   * the definition makes the new one where `version` differs. One that is down has no state, and begins with the
   * definition when it starts.
   * An actor on a thread is named by `fromModule`, with a URL that was not loaded before, such as one with `?version=2`.
   *
   * The supervisor restarts it with that definition from then on; a child that is deleted, or a member that a group
   * takes in, begins with what the supervisor was described with. No actor may await it of itself.
   *
   * @throws ActorError `ACTOR_CHANGE_FAILED` with the cause when `migrate` fails, is missing, or the module cannot be
   * loaded: then the actor goes on as before. `ACTOR_SPEC_INVALID`; `ACTOR_NOT_FOUND` when there is no such child;
   * `ACTOR_SUPERVISOR_DOWN`.
   *
   * @see Erlang/OTP `sys:change_code/4`, `gen_server`: `code_change/3`
   */
  changeChild(id: string, start: ChangedActor): Promise<void>

  /**
   * Sends a message to all actors below, at any depth; that they take it is the caller's word. What it returns waits
   * for all whose mailbox has no room, as for `ActorRef.tell`.
   */
  broadcast<Message extends ActorMessage>(message: Message): Promise<void>

  /** The children, and theirs, at this moment. */
  whichChildren(): readonly ChildSnapshot[]
  /** How many there are at any depth. */
  countChildren(): ChildCounts
  /** The supervisor itself and all below it, at this moment. */
  snapshot(): SupervisorSnapshot
}

/** How a child is terminated. */
export interface TerminateOptions {
  /** Milliseconds to handle what it has queued before it is stopped. @defaultValue 0 */
  readonly drainMs?: number
}

/** What stands behind a reference to a supervisor. */
export interface Parent {
  readonly path: string
  startChild(spec: AddedChild | AddedAlike): Promise<unknown>
  terminateChild(id: string, options?: TerminateOptions): Promise<void>
  actors(): readonly Inbox[]
  restartChild(id: string): Promise<void>
  deleteChild(id: string): Promise<void>
  changeChild(id: string, start: ChangedActor): Promise<void>
  inspect(): SupervisorSnapshot
}

/** Makes the reference to a supervisor: all that users see of it. */
export function createSupervisorRef(parent: Parent): SupervisorRef {
  return {
    path: parent.path,
    // The reference that it resolves to is one to what the specification starts.
    startChild: (spec: AddedChild | AddedAlike) => parent.startChild(spec) as Promise<never>,
    terminateChild: (id, options) => parent.terminateChild(id, options),
    broadcast: (message) => broadcast(parent.actors(), message),
    restartChild: (id) => parent.restartChild(id),
    deleteChild: (id) => parent.deleteChild(id),
    changeChild: (id, start) => parent.changeChild(id, start),
    whichChildren: () => parent.inspect().children,
    countChildren: () => countAll(parent.inspect().children),
    snapshot: () => parent.inspect(),
  }
}
