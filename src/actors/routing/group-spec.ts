import type { ActorDefinition } from '../actor/actor.ts'
import type { ActorMessage } from '../actor/ref.ts'
import type { ActorChildSpec, SupervisorOptions, SupervisorSpec } from '../supervision/supervisor.ts'
import type { ModuleActor } from '../threads/module-actor.ts'
import type { Autoscale } from './group-plan.ts'
import type { Routing } from './routing.ts'

/** A group: its members, how they share the work, and how they are supervised, each by itself. */
export interface GroupOptions<Message extends ActorMessage>
  extends
    Pick<SupervisorOptions, 'name' | 'maxRestarts' | 'withinMs' | 'backoff'>,
    Pick<ActorChildSpec, 'restart' | 'shutdownMs'> {
  /** Describes a member; the first is number 1. */
  readonly member: (number: number) => ActorDefinition | ModuleActor
  /** Members at the start, and whenever the group's supervisor restarts. @defaultValue `autoscale.min`, or 1 */
  readonly size?: number
  /** @defaultValue 'roundRobin' */
  readonly routing?: Routing<Message>
  /** @defaultValue the size stays as it is */
  readonly autoscale?: Autoscale
  /** Milliseconds for a member that is removed to handle what it has queued. @defaultValue 30_000 */
  readonly drainMs?: number
}

/**
 * Describes a group of actors that are alike and share the work. It is a child as any supervisor, and `system.group`
 * gives its reference.
 *
 * @example
 * const resizers = group<ResizeMessage>({ name: 'resizers', size: 4, routing: 'leastLoaded', member: () => resizer })
 */
export function group<Message extends ActorMessage>(options: GroupOptions<Message>): SupervisorSpec {
  const { member, size, routing = 'roundRobin', autoscale, drainMs = 30_000, restart, shutdownMs, ...rest } = options
  const childOptions = { ...(restart !== undefined && { restart }), ...(shutdownMs !== undefined && { shutdownMs }) }
  const memberSpec = (number: number) => ({ id: `${number}`, start: member(number), ...childOptions })
  return {
    kind: 'supervisor',
    ...rest,
    children: Array.from({ length: size ?? autoscale?.min ?? 1 }, (_, index) => memberSpec(index + 1)),
    // The key of a message is asked of messages that the reference took, and so of the group's own kind.
    group: { memberSpec, routing: routing as Routing<ActorMessage>, autoscale, drainMs },
  }
}
