import { assert } from '../core/assert.ts'
import type { Timer } from '../core/clock.ts'
import type { Partition } from './partition.ts'

/** The states of KIP-98, by the names DescribeTransactions uses. */
export const transactionStates = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
] as const
export type TransactionState = (typeof transactionStates)[number]

/** 1: epochs change when producers start. 2: they change with every transaction (KIP-890). */
export type TransactionVersion = 1 | 2

/** The last epoch a producer is given. One more is left, to fence it with. */
export const epochMax = 32_766

export const noProducerId = -1
export const noEpoch = -1

/** What the coordinator keeps of one transactional id. */
export class Transaction {
  readonly transactionalId: string
  producerId: number
  /** The id before the last rotation. */
  previousProducerId = noProducerId
  epoch = noEpoch
  /** The epoch before this one, when its owner was given this one in exchange. */
  lastEpoch = noEpoch
  timeoutMs = 0
  state: TransactionState = 'Empty'
  /** Of the client that ended the last transaction. */
  version: TransactionVersion = 1
  readonly partitions = new Set<Partition>()
  readonly groupIds = new Set<string>()
  startedAtMs = -1
  timeout: Timer | undefined

  constructor(transactionalId: string, producerId: number) {
    this.transactionalId = transactionalId
    this.producerId = producerId
  }

  get isEpochExhausted(): boolean {
    return this.epoch >= epochMax
  }

  /** Whether markers are still being written. */
  get isEnding(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort'
  }

  /** Whether `producerId` and `epoch` are those from before the epoch rose with the end of the last transaction. */
  isRetryOfEnd(producerId: number, epoch: number): boolean {
    if (this.version === 1) return false
    const isBumped = producerId === this.producerId && epoch === this.epoch - 1
    const isRotated = producerId === this.previousProducerId && epoch === epochMax && this.epoch === 0
    return isBumped || isRotated
  }

  prepare(isCommit: boolean): void {
    assert(!this.isEnding, 'a transaction ends once')
    this.state = isCommit ? 'PrepareCommit' : 'PrepareAbort'
  }

  complete(): void {
    assert(this.isEnding, 'only an ending transaction completes')
    this.state = this.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort'
    this.partitions.clear()
    this.groupIds.clear()
  }
}
