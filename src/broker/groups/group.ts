import type { ErrorCode } from '../../protocol/index.ts'
import type { Unit } from './epochs/unit.ts'
import type { GroupOffsets } from './group-offsets.ts'

/** The protocol that the members of a group speak, as ListGroups names it. */
export type GroupType = 'classic' | 'consumer' | 'streams'

/** Who commits offsets to a group, and how. */
export interface Commit {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generationIdOrMemberEpoch: number
  readonly isTransactional: boolean
  /** The partitions, by the ids of their topics, as far as these exist. */
  readonly units: readonly Unit[]
  /** Of OffsetCommit or TxnOffsetCommit. */
  readonly version: number
}

/** What all groups are to those who do not belong to them, whatever protocol their members speak. */
export interface Group {
  readonly id: string
  readonly type: GroupType
  readonly protocolType: string | null
  readonly state: string
  readonly isEmpty: boolean
  readonly offsets: GroupOffsets
  /**
   * The topics that members read, as far as they say so in a form the broker knows; `undefined` when there are members
   * of a type that keeps it to itself.
   */
  subscribedTopics(): Set<string> | undefined
  /** Says whether offsets may be committed; by one that manages its partitions itself only while the group is empty. */
  checkCommit(commit: Commit): ErrorCode
  /** Says whether a member may be told the committed offsets; one that does not say who it is may. */
  checkFetch(memberId: string | null, memberEpoch: number): ErrorCode
  /** Ends all timers; nobody may use the group any more. */
  close(): void
}
