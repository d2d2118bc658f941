import type { ErrorCode } from '../../../protocol/index.ts'
/** What members ask of a group and what it answers, free of versions. */

/** A way to share partitions that a member offers, with what it tells the leader about itself for it. */
export interface GroupProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinRequest {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly GroupProtocol[]
  /** Whether a newcomer must ask once more under the id it was given (KIP-394). */
  readonly needsKnownMemberId: boolean
  /** Whether the leader can be told to leave the assignment as it is. */
  readonly canSkipAssignment: boolean
}

export interface MemberIdentity {
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface SyncRequest extends MemberIdentity {
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface JoinAnswer {
  readonly error: ErrorCode
  readonly memberId: string
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  /** Whether the leader keeps the assignment that stands. */
  readonly skipAssignment: boolean
  /** Told to the leader only. */
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly metadata: Buffer
  }[]
}

export interface SyncAnswer {
  readonly error: ErrorCode
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

export const noAssignment = Buffer.alloc(0)

export const emptyJoinAnswer = {
  memberId: '',
  generationId: -1,
  protocolType: null,
  protocolName: null,
  leader: '',
  skipAssignment: false,
  members: [],
}

export function refuseJoin(memberId: string, error: ErrorCode): Promise<JoinAnswer> {
  return Promise.resolve({ ...emptyJoinAnswer, error, memberId })
}

export function emptySyncAnswer(error: ErrorCode): SyncAnswer {
  return { error, protocolType: null, protocolName: null, assignment: noAssignment }
}
