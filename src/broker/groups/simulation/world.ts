import type { Random } from '../../../core/random.ts'
import type { MembershipDriver, Task } from '../../../kafka/index.ts'
import type { Groups } from '../groups.ts'
import type { SimulatedLog } from './simulated-log.ts'
import type { SteppedClock } from './stepped-clock.ts'

/** How the coordinator knows a member. */
export interface Identity {
  readonly memberId: string
  readonly epoch: number
}

/** What members live in. */
export interface World {
  readonly clock: SteppedClock
  readonly random: Random
  readonly log: SimulatedLog
  readonly groups: Groups
  /** Nothing goes wrong any more. */
  readonly isCalm: boolean
  readonly chance: (share: number) => boolean
  readonly driver: (name: string) => MembershipDriver
  /** Whether the coordinator takes offsets of tasks for a transaction. */
  readonly takesCommit: (identity: Identity, tasks: readonly Task[]) => boolean
  /** Whether somebody is a member. */
  readonly knows: (name: string) => boolean
}
