import type { ActorMessage } from '../actor/ref.ts'
import type { AddedChild } from '../supervision/supervisor-ref.ts'
import type { Routing } from './routing.ts'

/** How a group follows its backlog: the messages pending per member, on the average. */
export interface Autoscale {
  /** Members at least. */
  readonly min: number
  /** Members at most. */
  readonly max: number
  /** Backlog above which a member is added, one at a time. @defaultValue 100 */
  readonly growAt?: number
  /** Backlog up to which a member is removed; less than `growAt`, so that the size does not flap. @defaultValue 10 */
  readonly shrinkAt?: number
  /** Milliseconds for which the backlog must stay there before a member is removed. @defaultValue 10_000 */
  readonly settleMs?: number
}

/** What makes a supervisor a group: how its members are made, chosen and counted. */
export interface GroupPlan {
  readonly memberSpec: (number: number) => AddedChild<'actor'>
  readonly routing: Routing<ActorMessage>
  readonly autoscale: Autoscale | undefined
  readonly drainMs: number
}
