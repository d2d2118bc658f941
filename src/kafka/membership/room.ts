import type { Cluster } from '../cluster/cluster.ts'
import type { Roster } from './dead-members.ts'
import type { ToMain, ToMember, MemberSettings } from './thread.ts'

/** What the thread offers to whatever it is a member for. */
export interface Room {
  readonly cluster: Cluster
  readonly settings: MemberSettings
  readonly tell: (message: ToMain) => void
  /** From now on the member leaves where the main loop stands still for too long. */
  readonly watchLoop: () => void
  /**
   * Takes members out of the group whose processes were on this host and have ended.
   *
   * @param joins - Tells a number that is another one once somebody has joined; absent where nothing says so.
   */
  readonly removeDead: (roster: Roster, joins?: () => number) => void
}

/** The part that a member takes in its group. */
export interface Participation {
  /** Takes part until that ends; rejects with the reason. */
  run(): Promise<void>
  hear(message: ToMember): void
  leave(): Promise<void>
}
