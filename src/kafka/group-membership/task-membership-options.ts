import type { MillraceError } from '../../core/errors.ts'
import type { MemberOptions } from '../membership/membership-options.ts'
import type { TaskProtocol, TaskTopics } from './task-topics.ts'

/**
 * What a member does for its tasks, given to `TaskMembership.begin`. All of these are called in the main thread, in the order in which the group has
 * said so, and return at once.
 */
export interface TaskWork {
  /**
   * These tasks are this member's from now on. Whatever it still has of an earlier time is a cache: others may have
   * worked on them meanwhile, also where `stopping` came last and the same tasks come back at once.
   */
  gained(tasks: readonly number[]): void
  /**
   * The group wants these tasks for others. End their work in good order (flush, commit, sweep out), then call
   * `gaveUp` with them, all at once or in pieces: they stay this member's until then, whoever waits. The group may change
   * its mind meanwhile; then `gained` follows after `gaveUp`.
   */
  losing(tasks: readonly number[]): void
  /**
   * All tasks are lost, those being given up too: the coordinator has fenced this member, or an answer of it was lost.
   * Stop, abort what can be aborted, wait for what cannot, then call `stopped`. Only then does the member join
   * anew; nothing of these tasks may be committed after that. `gaveUp` is not to be called for them any more.
   */
  stopping(reason: MillraceError): void
  /** Of these tasks, and of no others, a copy is to be kept warm here. Only streams groups ask for that. */
  standingBy(tasks: readonly number[]): void
}

export interface TaskMembershipOptions extends MemberOptions {
  readonly topics: TaskTopics
  /**
   * Which protocol to speak. @defaultValue the first of streams, consumer and classic that the coordinator speaks and
   * the group can be joined with
   */
  readonly protocol?: TaskProtocol
  /** How long giving tasks up may take before the coordinator takes them. */
  readonly giveUpMsMax: number
  /** How many copies of each task are kept warm, where the protocol is that of streams groups. @defaultValue 0 */
  readonly standbyCount?: number
  /** Called with what works less well than it could, such as a setting that this user may not change, as a sentence. */
  onDegraded?(sentence: string): void
}
