import type { MessagePort } from 'node:worker_threads'
import type { SharedRows } from '../../kernel/index.ts'
import type { ConflictOver } from '../conflict.ts'
import type { SentError } from './sent-error.ts'

/** What another thread opens a store by: plain data, for as many threads as are to have it. */
export interface StoreHandle {
  /** The thread that made the store. */
  readonly threadId: number
  /** Which of its stores. */
  readonly storeId: number
}

/** Asks the thread of a store for it; the answer comes by the port. */
export interface OpenRequest {
  readonly millraceStore: { readonly storeId: number; readonly port: MessagePort }
}

/** Tells it from what others send to the same thread. */
export function isOpenRequest(message: unknown): message is OpenRequest {
  return typeof message === 'object' && message !== null && 'millraceStore' in message
}

/** A table as others open it. */
export interface OfferedTable {
  readonly name: string
  readonly rows: SharedRows
  /** Names of the codecs. */
  readonly keys: string
  readonly values: string
}

export interface Opened {
  readonly thread: number
  readonly words: SharedArrayBuffer
  readonly operationsMax: number
  /** A request names them by their places. */
  readonly tables: readonly OfferedTable[]
}

/** What a transaction has read of a table, where that is to be validated, and what it writes. */
export interface TableUse {
  readonly table: number
  readonly reads: readonly unknown[]
  readonly writes: readonly { readonly key: unknown; readonly captured: unknown; readonly isDeletion: boolean }[]
}

export interface CommitRequest {
  readonly id: number
  readonly start: number
  readonly uses: readonly TableUse[]
}

export interface CommitAnswer {
  readonly id: number
  /** What stood against the commit. */
  readonly conflict?: ConflictOver
  readonly error?: SentError
}

/** The first message is `Opened`, or why it is refused; the others answer commits. */
export type ToThread = { readonly opened: Opened } | { readonly refused: SentError } | CommitAnswer
