import { errorCode, type RequestInputOf, type ResponseOf } from '../../protocol/index.ts'
import type { apis } from '../network/apis.ts'
import type { Answered, Ask, GroupTraits, MembershipEvent } from './membership-state.ts'

type GroupApi =
  | 'streamsGroupHeartbeat'
  | 'streamsGroupDescribe'
  | 'consumerGroupHeartbeat'
  | 'consumerGroupDescribe'
  | 'joinGroup'
  | 'syncGroup'
  | 'heartbeat'
  | 'leaveGroup'
  | 'describeGroups'

/** A request to the coordinator of a group. */
export type GroupRequest = {
  [Name in GroupApi]: {
    readonly api: Name
    readonly request: RequestInputOf<(typeof apis)[Name]>
    /** Whether the coordinator may hold the answer back until others have done something. */
    readonly isHeld?: boolean
  }
}[GroupApi]

/** One that the coordinator has answered, without an error. */
export type GroupExchange = {
  [Name in GroupApi]: {
    readonly api: Name
    readonly request: RequestInputOf<(typeof apis)[Name]>
    readonly answer: ResponseOf<(typeof apis)[Name]>
  }
}[GroupApi]

/** What a request comes to. */
export type Outcome =
  | Answered
  | Extract<MembershipEvent, { type: 'fenced' | 'reportWanted' | 'refused' | 'lost' }>
  /** No further request can help. */
  | { readonly type: 'failed'; readonly code: number }

/** How members of one kind of group speak to its coordinator. It keeps nothing between two requests. */
export interface MembershipDriver {
  readonly traits: GroupTraits
  /** The first request of what the member has to say. */
  begin(ask: Ask): GroupRequest
  /** What follows from an answer: a further request, or what all of it has come to. */
  proceed(ask: Ask, exchange: GroupExchange): GroupRequest | Outcome
  refused(ask: Ask, sent: GroupRequest, code: number): Outcome
  /** Why the group gives no tasks, by its answer. */
  complaint(exchange: GroupExchange): string | undefined
  readonly roster: GroupRoster
}

/** How to learn who is in a group, and to take members out of it whose processes have ended. */
export interface GroupRoster {
  readonly listing: GroupRequest
  namesIn(listed: GroupExchange): string[]
  removal(name: string): GroupRequest
}

export interface DriverOptions {
  readonly group: string
  /** By what other members know this one: chosen by it, another one for each time that it takes part. */
  readonly name: string
  /** How long giving tasks up may take before the coordinator takes them. */
  readonly giveUpMsMax: number
}

/** What it means to a member of a group whose broker shares out the work that the coordinator refuses a request. */
export function outcomeOfRefusal({ kind }: Ask, _: GroupRequest, code: number): Outcome {
  switch (code) {
    case errorCode.fencedMemberEpoch:
    case errorCode.unknownMemberId:
      return { type: 'fenced' }
    case errorCode.groupIdNotFound:
      // Who joins makes the group, so it is one of another kind.
      return kind === 'join' ? { type: 'failed', code } : { type: 'fenced' }
    default:
      return outcomeOfMove(code)
  }
}

/** What a refusal means that is about the coordinator. */
export function outcomeOfMove(code: number): Outcome {
  switch (code) {
    case errorCode.coordinatorLoadInProgress:
      return { type: 'refused' }
    // A coordinator that ceases to be one says so also for what it has written already.
    case errorCode.notCoordinator:
    case errorCode.coordinatorNotAvailable:
    case errorCode.requestTimedOut:
      return { type: 'lost' }
    default:
      return { type: 'failed', code }
  }
}
