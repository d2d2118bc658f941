/** What the main thread and the thread of the memberships tell each other. */
import type { MessagePort } from 'node:worker_threads'
import { ConfigError, type MillraceError, type ErrorCode, type ErrorDetails, KafkaError } from '../../core/errors.ts'
import type { TaskProtocol, TaskTopics } from '../group-membership/task-topics.ts'
import type { GroupMember } from './group-member.ts'
import type { LoopMemory } from './loop-signs.ts'
import type { PlainClusterOptions } from './plain-cluster-options.ts'

/** What the thread itself is told; all else goes through the port of a membership. */
export type ToThread =
  | { readonly kind: 'member'; readonly settings: MemberSettings; readonly port: MessagePort }
  /** There is no membership any more, and none will come. */
  | { readonly kind: 'end' }

/** Given to the thread for each membership. */
export interface MemberSettings {
  readonly cluster: PlainClusterOptions
  readonly group: string
  readonly part: OwnerPart | TasksPart
  readonly instanceId: string
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxStallMs: number
  readonly stalledExitMs: number
  readonly loop: LoopMemory
}

/** As a member of which one is the active process. */
export interface OwnerPart {
  readonly kind: 'owner'
  readonly topic: string
}

/** As a member of those that share tasks. */
export interface TasksPart {
  readonly kind: 'tasks'
  readonly topics: TaskTopics
  readonly protocol: TaskProtocol | undefined
  readonly giveUpMsMax: number
  readonly standbyCount: number
}

export type ToMember =
  | { readonly kind: 'confirm' | 'revoked' | 'stopped' | 'members' | 'leave' }
  | { readonly kind: 'gaveUp'; readonly tasks: readonly number[] }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'tokenFailed'; readonly reason: string }

export type ToMain =
  | { readonly kind: 'generation'; readonly member: GroupMember; readonly isOwner: boolean }
  | { readonly kind: 'revoking' }
  | { readonly kind: 'tokenWanted' }
  | { readonly kind: 'joined'; readonly protocol: TaskProtocol }
  | { readonly kind: 'epoch'; readonly member: GroupMember }
  | { readonly kind: 'gained' | 'losing' | 'standingBy'; readonly tasks: readonly number[] }
  | { readonly kind: 'stopping'; readonly failure: Failure }
  | { readonly kind: 'degraded'; readonly sentence: string }
  | { readonly kind: 'members'; readonly names: readonly string[] }
  | { readonly kind: 'membersUnknown'; readonly failure: Failure }
  | { readonly kind: 'stoodStill'; readonly facts: StallFacts }
  | { readonly kind: 'waiting'; readonly id: number; readonly what: string; readonly failure?: Failure }
  | { readonly kind: 'waitOver'; readonly id: number }
  | { readonly kind: 'ended'; readonly failure: Failure }
  /** The last word: the member has left, or could not, and its connections are closed. */
  | { readonly kind: 'closed' }

/** An operating error on its way between threads, where structured clones lose its own fields. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
  readonly cause: Error | undefined
}

/** How long the main loop stood still, and in which function, or after which promises. */
export interface StallFacts {
  readonly stillMs: number
  readonly operator?: string
  readonly partition?: number
  readonly offset?: number
  readonly waitingFor?: string
}

export function failureOf(error: MillraceError): Failure {
  const { code, message, details, cause } = error
  return { code, message, details, cause: cause instanceof Error ? cause : undefined }
}

export function errorOf({ code, message, details, cause }: Failure): MillraceError {
  const Kind = code.startsWith('CONFIG_') ? ConfigError : KafkaError
  return new Kind(code, message, details, cause)
}
