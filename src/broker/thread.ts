/** What the thread that asked for a broker and the thread that runs it tell each other. */
import type { ErrorDetails } from '../core/errors.ts'

export interface BrokerTopic {
  readonly name: string
  /** @defaultValue 1 */
  readonly partitions?: number
  /** Settings under Kafka's names, such as `cleanup.policy`. */
  readonly config?: Readonly<Record<string, string>>
}

/** Given to the worker at its start. */
export interface WorkerOptions {
  readonly host: string
  readonly port: number
  readonly memoryBytesMax: number
}

export type Call =
  | { readonly id: number; readonly method: 'createTopic'; readonly topic: BrokerTopic }
  | { readonly id: number; readonly method: 'stop' }

/** An operating error on its way between threads, where structured clones lose its own fields. */
export interface Failure {
  readonly code: 'BROKER_LISTEN_FAILED' | 'BROKER_TOPIC_REFUSED'
  readonly message: string
  readonly details: ErrorDetails
}

export type Reply =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number | undefined; readonly failure: Failure }
