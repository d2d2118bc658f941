import type { MillraceError } from '../../core/errors.ts'
import { apis } from '../network/apis.ts'
import { ReceiveBuffer } from '../network/receive-buffer.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { RequestInputOf } from '../../protocol/index.ts'
import type { FetchResponse } from './fetch-protocol.ts'

export interface LeaderLoopOptions {
  readonly cluster: Cluster
  readonly leader: number
  /** Those of one purpose share a connection, where none overtakes another. @defaultValue `fetch` */
  readonly purpose?: string | undefined
  /** Responses in flight and in use. */
  readonly buffers: number
  /** Bytes of one response. */
  readonly fetchBytes: number
  /** Whether threads see what is read. @defaultValue false */
  readonly isShared?: boolean | undefined
  /** Whether the leader wants to be left alone. */
  isThrottled(leader: number): boolean
  /** Those of its partitions that may be asked for now; `ask` is called when there are more. */
  openOf(partitions: readonly number[]): readonly number[]
  requestOf(partitions: readonly number[]): RequestInputOf<typeof apis.fetch>
  onAnswered(loop: LeaderLoop, answer: FetchAnswer): void
  onFailed(loop: LeaderLoop, error: MillraceError): void
}

export interface FetchAnswer {
  readonly response: FetchResponse
  /** Where the response lies; another buffer than the loop's own where it was too large for that. */
  readonly filled: ReceiveBuffer
  /** Gives the memory back, and asks again where it was lacking. Releasing twice does nothing. */
  readonly release: () => void
}

/** What is read from one leader: one request at a time, for as long as there is memory for its response. */
export class LeaderLoop {
  readonly leader: number
  /** In the order in which the leader should serve them. */
  #partitions: number[] = []
  readonly #options: LeaderLoopOptions
  readonly #spare: ReceiveBuffer[]
  #isAsking = false
  #isStopped = false

  constructor(options: LeaderLoopOptions) {
    this.leader = options.leader
    this.#options = options
    const { buffers: length, fetchBytes, isShared } = options
    this.#spare = Array.from({ length }, () => new ReceiveBuffer(receiveBytes(fetchBytes), isShared))
  }

  add(partitions: readonly number[]): void {
    this.#partitions.push(...partitions)
  }

  remove(partition: number): void {
    this.#partitions = this.#partitions.filter((other) => other !== partition)
  }

  /** Removes all partitions, and returns them. */
  removeAll(): number[] {
    return this.#partitions.splice(0)
  }

  /** A leader serves partitions in the order asked until the response is full: those that were served go last. */
  moveLast(partition: number): void {
    const served = this.#partitions.indexOf(partition)
    if (served >= 0) this.#partitions.push(...this.#partitions.splice(served, 1))
  }

  /** Sends the next request, unless one is in flight, there is nothing to ask for, or no memory for the response. */
  ask(): void {
    const { cluster, purpose = 'fetch' } = this.#options
    if (this.#isStopped || this.#isAsking || this.#partitions.length === 0) return
    if (this.#options.isThrottled(this.leader) || this.#options.openOf(this.#partitions).length === 0) return
    const into = this.#spare.pop()
    if (into === undefined) return
    this.#isAsking = true
    const failed = (error: MillraceError) => {
      this.#isAsking = false
      this.#spare.push(into)
      if (!this.#isStopped) this.#options.onFailed(this, error)
    }
    cluster.connection(this.leader, purpose).then((connection) => {
      if (this.#isStopped) return
      const asked = this.#options.openOf(this.#partitions)
      if (asked.length === 0) return this.#askNothing(into)
      connection.request({
        api: apis.fetch,
        request: this.#options.requestOf(asked),
        into,
        onResponse: (response, filled) => {
          this.#isAsking = false
          if (this.#isStopped) return
          this.#options.onAnswered(this, { response, filled, release: this.#lend(into) })
        },
        onFailed: failed,
      })
    }, failed)
  }

  /** Nothing is asked or told any more; memory in use may still be given back. */
  stop(): void {
    this.#isStopped = true
  }

  /** Partitions have left, or may not be asked for any more. */
  #askNothing(into: ReceiveBuffer): void {
    this.#isAsking = false
    this.#spare.push(into)
  }

  #lend(buffer: ReceiveBuffer): () => void {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      this.#spare.push(buffer)
      this.ask()
    }
  }
}

/** Memory of one response: what was asked for, a batch that reaches over it, and what stands around the batches. */
export function receiveBytes(fetchBytes: number): number {
  return fetchBytes + (1 << 20)
}
