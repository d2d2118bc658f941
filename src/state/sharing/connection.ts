import { MessageChannel, type MessagePort, postMessageToThread, threadId as ownThreadId } from 'node:worker_threads'
import { StateError } from '../../core/errors.ts'
import { TransactionConflict } from '../conflict.ts'
import type { CommitAnswer, CommitRequest, Opened, OpenRequest, StoreHandle, ToThread } from './messages.ts'
import { answerOpening } from './offered-stores.ts'
import { receivedError } from './sent-error.ts'

/** What a thread has of a store of another one: the way to its committer, until either of them ends. */
export class Connection {
  readonly opened: Opened
  readonly #port: MessagePort
  readonly #pending = new Map<number, PromiseWithResolvers<void>>()
  #lastId = 0
  #isOpen = true

  private constructor(port: MessagePort, opened: Opened) {
    this.opened = opened
    this.#port = port
    port.on('message', (answer: CommitAnswer) => this.#settle(answer))
    port.on('close', () => this.close())
    port.unref()
  }

  /** @throws StateError `STATE_STORE_CLOSED`, `STATE_READERS_EXCEEDED` */
  static async open({ threadId, storeId }: StoreHandle): Promise<Connection> {
    const { port1: port, port2 } = new MessageChannel()
    const answered = Promise.withResolvers<ToThread>()
    // Only a port with a listener keeps the thread alive until the answer is there.
    port.once('message', (message: ToThread) => answered.resolve(message))
    port.once('close', () => answered.reject(closed()))
    const request: OpenRequest = { millraceStore: { storeId, port: port2 } }
    // A thread cannot send to itself, and whoever is given a handle need not know which thread it is of.
    if (threadId === ownThreadId) answerOpening(request)
    else postMessageToThread(threadId, request, [port2]).catch((cause: unknown) => answered.reject(closed(cause)))
    try {
      const answer = await answered.promise
      if ('opened' in answer) return new Connection(port, answer.opened)
      throw 'refused' in answer ? receivedError(answer.refused) : closed()
    } catch (error) {
      port.close()
      throw error
    }
  }

  /** @throws StateError `STATE_STORE_CLOSED` */
  checkOpen(): void {
    if (!this.#isOpen) throw closed()
  }

  /** Resolves once a transaction has committed. @throws TransactionConflict */
  async commit(request: Omit<CommitRequest, 'id'>): Promise<void> {
    this.checkOpen()
    const id = ++this.#lastId
    const answered = Promise.withResolvers<void>()
    this.#port.postMessage({ id, ...request } satisfies CommitRequest)
    if (this.#pending.size === 0) this.#port.ref()
    this.#pending.set(id, answered)
    return answered.promise
  }

  close(): void {
    this.#isOpen = false
    this.#port.close()
    for (const { reject } of this.#pending.values()) reject(closed())
    this.#pending.clear()
  }

  #settle({ id, conflict, error }: CommitAnswer): void {
    const { resolve, reject } = this.#pending.get(id)!
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#port.unref()
    if (conflict !== undefined) reject(new TransactionConflict(conflict))
    else if (error !== undefined) reject(receivedError(error))
    else resolve()
  }
}

/** Of a store that cannot be reached. */
export function closed(cause?: unknown): StateError {
  const message = 'the store of another thread is closed: that thread has ended, or this one has closed it'
  return new StateError('STATE_STORE_CLOSED', message, {}, cause)
}
