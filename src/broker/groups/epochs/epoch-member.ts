import type { Held } from './reconciliation.ts'

/** Instead of an epoch: the member joins, leaves, or leaves for a restart, which only static members may. */
export const memberJoins = 0
export const memberLeaves = -1
export const memberRestarts = -2

/** A member of a group whose broker shares out the work. */
export interface EpochMember {
  readonly id: string
  /** Of a static member, which keeps its share while it restarts. */
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** How long it may take to give something up. */
  readonly rebalanceTimeoutMs: number
  held: Held
  /** The epoch before its present one, which it may still name where an answer was lost. */
  previousEpoch: number
}
