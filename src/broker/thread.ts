/** What the thread that asked for a broker and the thread that runs it tell each other. */
import type { ErrorDetails } from '../core/errors.ts'
import type { BrokerAuthorizer } from './acl/authorizer.ts'
import type { BrokerFault } from './faults.ts'
import type { GroupConfigName } from './groups/group-config.ts'
import type { ServedRequest } from './served-request.ts'
import type { SaslSettings } from './sasl/settings.ts'

/** A topic that is created. */
export interface BrokerTopic {
  readonly name: string
  /** @defaultValue 1 */
  readonly partitions?: number
  /** Settings under Kafka's names, such as `cleanup.policy`. */
  readonly config?: Readonly<Record<string, string>>
}

/** Certificate and key of the listener, and what it asks of its clients: PEM text. */
export interface BrokerTls {
  readonly cert: string
  readonly key: string
  /** Authorities that clients' certificates must lead to. @defaultValue none: clients need no certificate */
  readonly clientCa?: string
}

/** Which broker is to lead a partition; the first one has id 1. */
export interface LeaderMove {
  readonly topic: string
  readonly partition: number
  readonly to: number
}

/** Which broker is to coordinate a group or a transactional id. */
export type CoordinatorMove = ({ readonly groupId: string } | { readonly transactionalId: string }) & {
  readonly to: number
}

/** The first and the last version of APIs, by their names. */
export type ServedVersions = Readonly<Record<string, readonly [first: number, last: number]>>

/** Given to the worker at its start. */
export interface WorkerOptions {
  readonly host: string
  readonly port: number
  readonly brokerCount: number
  readonly memoryBytesMax: number
  readonly tls: BrokerTls | undefined
  readonly sasl: SaslSettings | undefined
  readonly authorizer: BrokerAuthorizer | undefined
  readonly autoCreateTopics: boolean
  readonly groupConfig: Readonly<Partial<Record<GroupConfigName, number>>>
  readonly versions: ServedVersions
  /** Whether each request is to be told of. */
  readonly tellsRequests: boolean
}

export type Call =
  | { readonly id: number; readonly method: 'createTopic'; readonly topic: BrokerTopic }
  | { readonly id: number; readonly method: 'cleanLogs'; readonly topic: string | undefined }
  | { readonly id: number; readonly method: 'injectFault'; readonly fault: BrokerFault }
  | { readonly id: number; readonly method: 'moveLeader'; readonly move: LeaderMove }
  | { readonly id: number; readonly method: 'moveCoordinator'; readonly move: CoordinatorMove }
  | { readonly id: number; readonly method: 'jump'; readonly ms: number }
  | { readonly id: number; readonly method: 'suspend' | 'resume' | 'stop' }

/** An operating error on its way between threads, where structured clones lose its own fields. */
export interface Failure {
  readonly code: 'BROKER_LISTEN_FAILED' | 'BROKER_MOVE_REFUSED' | 'BROKER_TOPIC_REFUSED'
  readonly message: string
  readonly details: ErrorDetails
}

export type Reply =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'requested'; readonly request: ServedRequest }
  | { readonly kind: 'failed'; readonly id: number | undefined; readonly failure: Failure }
