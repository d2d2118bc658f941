import { Worker } from 'node:worker_threads'
import type { Isolation, StoreHandle } from '../../../src/state/index.ts'

export interface Account {
  readonly name: string
  readonly amount: number
  /** Of any length, so that rows of all sizes follow each other in the same memory. */
  readonly padding: string
}

/** Accounts whose sum stays the same. */
export const accountCount = 32
export const total = accountCount * 100
/** Pairs of rows that come and go together. */
export const twinsMax = 20_000
export const historyKeys = Array.from({ length: 6 }, (_, place) => `list-${place}`)

export type Task =
  | { readonly kind: 'increment'; readonly count: number }
  | { readonly kind: 'read'; readonly rounds: number; readonly seed: number }
  | { readonly kind: 'transfer'; readonly count: number; readonly seed: number }
  | {
      readonly kind: 'history'
      readonly transactions: number
      readonly seed: number
      readonly counters: SharedArrayBuffer
      readonly isolation: Exclude<Isolation, 'readCommitted'>
    }
  | { readonly kind: 'steps' }

/** A step of a transaction of another thread. */
export type Step =
  | readonly ['begin', isolation: Exclude<Isolation, 'readCommitted'>]
  | readonly ['amount' | 'delete', name: string]
  | readonly ['set', name: string, amount: number]
  | readonly ['commit' | 'close']

export function accountKey(place: number): string {
  return `account-${place}`
}

export function twinKey(side: string, twin: number): string {
  return `${side}-${twin}`
}

export interface Thread {
  readonly worker: Worker
  /** What the task posts first. */
  readonly posted: Promise<unknown>
}

/** Starts a thread that opens a store and does one task. `layer` is the address of the code of `state` that it uses. */
export function startThread(layer: string, handle: StoreHandle, task: Task): Thread {
  const worker = new Worker(new URL('thread.ts', import.meta.url), { workerData: { layer, handle, task } })
  const posted = new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the thread has ended with ${code}`)))
  })
  return { worker, posted }
}
