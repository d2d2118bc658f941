import type { ActorDefinition } from '../actor/actor.ts'
import type { GroupPlan } from '../routing/group-plan.ts'
import type { ModuleActor } from '../threads/module-actor.ts'
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
  /** One that is placed on a thread is named by its module: `fromModule` does. */
  readonly start: ActorDefinition | ModuleActor
  /** @defaultValue 'permanent' */
  readonly restart?: RestartType
  /** Milliseconds to finish the current message and `onStop` before the child is given up. @defaultValue 5_000 */
  readonly shutdownMs?: number
  /** Whether its end may shut the supervisor down, as `autoShutdown` says. @defaultValue false */
  readonly significant?: boolean
  /**
   * The thread that it is placed on, or `spread`: each actor is placed on the thread with the fewest.
   * @defaultValue that of its supervisor; without any, the main thread
   */
  readonly thread?: string
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
  /** Whether its end may shut the supervisor down, as `autoShutdown` says. @defaultValue false */
  readonly significant?: boolean
  /**
   * The thread that all actors below it are placed on, or `spread`: each on the thread with the fewest.
   * @defaultValue that of its supervisor; without any, the main thread
   */
  readonly thread?: string
}

/**
 * When a supervisor shuts itself down because children that are `significant` have ended by themselves and are not
 * restarted: when one has, or when all have. Its own supervisor sees a `shutdown`, and restarts it only if it is
 * `permanent`. Such children are `transient` or `temporary`; one that is terminated does not count.
 *
 * @see Erlang/OTP `supervisor`, "Automatic Shutdown"
 */
export type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant'

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
  /** @defaultValue 'never' */
  readonly autoShutdown?: AutoShutdown
  /** Children at most, those of the description included; more are refused. @defaultValue 100_000 */
  readonly childrenMax?: number
  /** Started in this order, stopped in reverse. */
  readonly children: readonly ChildSpec[]
}

/** An inert description of a supervisor, for `startSystem` or another supervisor to start. */
export interface SupervisorSpec extends SupervisorOptions {
  readonly kind: 'supervisor'
  /** What the children of `simpleOneForOne` are made by. */
  readonly template?: ChildTemplate<never>
  /** What makes its children a group. */
  readonly group?: GroupPlan
}

/** What the children of a `simpleOneForOne` have in common. */
export interface ChildTemplate<Args> {
  /** Describes the actor for the arguments that `startChild` was given. */
  readonly start: (args: Args) => ActorDefinition | ModuleActor
  /** @defaultValue 'permanent' */
  readonly restart?: RestartType
  /** As for any actor. @defaultValue 5_000 */
  readonly shutdownMs?: number
  /** @defaultValue false */
  readonly significant?: boolean
  /** As for any actor. @defaultValue that of the supervisor */
  readonly thread?: string
}

/** A supervisor of many that are alike: as any other, with `child` for what they have in common. */
export interface SimpleOneForOneOptions<Args> extends Omit<SupervisorOptions, 'strategy' | 'children'> {
  readonly child: ChildTemplate<Args>
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

/**
 * Describes a supervisor of many children that are alike, all added while it runs: `startChild({ args })` makes one by
 * `child.start`. Each is restarted by itself, and forgotten once it has ended or was terminated. They are stopped all
 * at the same time.
 *
 * @example
 * const sessions = simpleOneForOne({
 *   name: 'sessions',
 *   childrenMax: 10_000,
 *   child: { start: (user: string) => session(user), restart: 'temporary' },
 * })
 *
 * @see Erlang/OTP `supervisor`, `simple_one_for_one`
 */
export function simpleOneForOne<Args>({ child, ...options }: SimpleOneForOneOptions<Args>): SupervisorSpec {
  return { kind: 'supervisor', ...options, children: [], template: child }
}
