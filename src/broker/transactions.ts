import type { Clock } from '../core/clock.ts'
import { type ErrorCode, errorCode } from '../protocol/index.ts'
import type { Groups } from './groups/groups.ts'
import type { Partition } from './partition.ts'
import { epochMax, noEpoch, noProducerId, Transaction, type TransactionVersion } from './transaction.ts'

/** As `transaction.max.timeout.ms`. */
const timeoutMsMax = 900_000
// Idle transactional ids beyond this many are forgotten, as Kafka forgets them after a week.
const transactionsMax = 10_000

/** Who a request says it comes from. */
export interface ProducerIdentity {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
}

export interface ProducerGrant {
  readonly error: ErrorCode
  readonly producerId: number
  readonly epoch: number
}

interface TransactionsOptions {
  readonly clock: Clock
  readonly groups: Groups
  readonly newProducerId: () => number
  /** How long after its end a transaction's markers are written. */
  readonly markerDelayMs: number
}

/**
 * The transaction coordinator. A transaction ends in two steps, as in Kafka: the end is decided and answered at once;
 * the markers that readers wait for follow, and until then the producer can begin nothing new.
 *
 * @see KIP-98, KIP-360 (epochs raised by their owner), KIP-890 (epochs raised by every transaction)
 */
export class Transactions {
  readonly #options: TransactionsOptions
  readonly #transactions = new Map<string, Transaction>()

  constructor(options: TransactionsOptions) {
    this.#options = options
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  all(): Iterable<Transaction> {
    return this.#transactions.values()
  }

  /**
   * Makes the caller the one owner of a transactional id. `expected` is given by a producer that was the owner and goes
   * on after an error.
   */
  initProducerId(
    transactionalId: string,
    timeoutMs: number,
    expected?: { producerId: number; epoch: number },
  ): ProducerGrant {
    if (transactionalId === '') return refuse(errorCode.invalidRequest)
    if (timeoutMs <= 0 || timeoutMs > timeoutMsMax) return refuse(errorCode.invalidTransactionTimeout)
    const transaction = this.#getOrCreate(transactionalId)
    if (expected !== undefined && !mayBeOwner(transaction, expected)) return refuse(errorCode.producerFenced)
    if (transaction.isEnding) return refuse(errorCode.concurrentTransactions)
    if (transaction.state === 'Ongoing') {
      // The epoch that fences the old owner is given to nobody: the caller asks again once the markers are written.
      this.#fence(transaction)
      return refuse(errorCode.concurrentTransactions)
    }
    const error = this.#renew(transaction, expected?.epoch)
    if (error !== errorCode.none) return refuse(error)
    transaction.timeoutMs = timeoutMs
    return grant(transaction)
  }

  /** Takes partitions into the transaction, beginning it if need be. */
  addPartitions(identity: ProducerIdentity, partitions: readonly Partition[]): ErrorCode {
    const transaction = this.#check(identity)
    if (!(transaction instanceof Transaction)) return transaction
    for (const partition of partitions) transaction.partitions.add(partition)
    this.#begin(transaction)
    return errorCode.none
  }

  /** Takes a group's offsets into the transaction, beginning it if need be. */
  addOffsets(identity: ProducerIdentity, groupId: string): ErrorCode {
    const transaction = this.#check(identity)
    if (!(transaction instanceof Transaction)) return transaction
    transaction.groupIds.add(groupId)
    this.#begin(transaction)
    return errorCode.none
  }

  /** Says whether `partition` is part of the caller's transaction. */
  verifyPartition(identity: ProducerIdentity, partition: Partition): ErrorCode {
    const transaction = this.#check(identity)
    if (!(transaction instanceof Transaction)) return transaction
    return transaction.partitions.has(partition) ? errorCode.none : errorCode.transactionAbortable
  }

  /** Says whether the offsets of a group are part of the caller's transaction. */
  verifyOffsets(identity: ProducerIdentity, groupId: string): ErrorCode {
    const transaction = this.#check(identity)
    if (!(transaction instanceof Transaction)) return transaction
    return transaction.groupIds.has(groupId) ? errorCode.none : errorCode.transactionAbortable
  }

  /** Decides the end of the caller's transaction; the markers follow. */
  end(
    { transactionalId, producerId, epoch }: ProducerIdentity,
    isCommit: boolean,
    version: TransactionVersion,
  ): ProducerGrant {
    if (transactionalId === '') return refuse(errorCode.invalidRequest)
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) return refuse(errorCode.invalidProducerIdMapping)
    const isRetry = version === 2 && transaction.isRetryOfEnd(producerId, epoch)
    if (producerId !== transaction.producerId && !isRetry) return refuse(errorCode.invalidProducerIdMapping)
    if (epoch !== transaction.epoch && !isRetry) return refuse(errorCode.producerFenced)

    switch (transaction.state) {
      case 'Ongoing':
        if (isRetry) return refuse(errorCode.producerFenced)
        this.#end(transaction, isCommit, version)
        return grant(transaction)
      case 'PrepareCommit':
      case 'PrepareAbort': {
        if (version === 2 && !isRetry) return refuse(errorCode.producerFenced)
        const isSame = isCommit === (transaction.state === 'PrepareCommit')
        return refuse(isSame ? errorCode.concurrentTransactions : errorCode.invalidTxnState)
      }
      case 'CompleteCommit':
      case 'CompleteAbort':
        if (isRetry || version === 1) {
          const isSame = isCommit === (transaction.state === 'CompleteCommit')
          return isSame ? grant(transaction) : refuse(errorCode.invalidTxnState)
        }
        break
      case 'Empty':
        if (isRetry) return refuse(errorCode.producerFenced)
        break
    }
    // Nothing was begun. In version 2 an abort still raises the epoch: it shuts out whatever is on its way.
    if (isCommit || version === 1) return refuse(errorCode.invalidTxnState)
    this.#end(transaction, false, version)
    return grant(transaction)
  }

  #getOrCreate(transactionalId: string): Transaction {
    const known = this.#transactions.get(transactionalId)
    if (known !== undefined) return known
    if (this.#transactions.size >= transactionsMax) this.#forgetIdle()
    const transaction = new Transaction(transactionalId, this.#options.newProducerId())
    this.#transactions.set(transactionalId, transaction)
    return transaction
  }

  #forgetIdle(): void {
    const idle = [...this.#transactions.values()].find(({ state, isEnding }) => state !== 'Ongoing' && !isEnding)
    if (idle !== undefined) this.#transactions.delete(idle.transactionalId)
  }

  /** Finds the caller's transaction if it may add to it. */
  #check({ transactionalId, producerId, epoch }: ProducerIdentity): Transaction | ErrorCode {
    if (transactionalId === '') return errorCode.invalidRequest
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined || transaction.producerId !== producerId) return errorCode.invalidProducerIdMapping
    if (transaction.epoch !== epoch) return errorCode.producerFenced
    return transaction.isEnding ? errorCode.concurrentTransactions : transaction
  }

  #begin(transaction: Transaction): void {
    if (transaction.state === 'Ongoing') return
    const { clock } = this.#options
    transaction.state = 'Ongoing'
    transaction.startedAtMs = clock.nowMs()
    transaction.timeout = clock.setTimer({ afterMs: transaction.timeoutMs, background: true }, () =>
      this.#fence(transaction),
    )
  }

  /** Aborts the open transaction of a producer that is given up, and shuts that producer out. */
  #fence(transaction: Transaction): void {
    transaction.epoch += 1
    transaction.lastEpoch = noEpoch
    // To the producer shut out it looks as if its own end had raised the epoch, with the opposite outcome.
    transaction.version = 2
    this.#decide(transaction, false, transaction)
  }

  #end(transaction: Transaction, isCommit: boolean, version: TransactionVersion): void {
    const { producerId, epoch, isEpochExhausted } = transaction
    transaction.version = version
    if (version === 1) return this.#decide(transaction, isCommit, { producerId, epoch })
    transaction.epoch = epoch + 1
    transaction.lastEpoch = epoch
    if (isEpochExhausted) this.#rotate(transaction)
    this.#decide(transaction, isCommit, { producerId, epoch: epoch + 1 })
  }

  /** Decides a transaction, and writes the markers, under the id and epoch given, a little later. */
  #decide(
    transaction: Transaction,
    isCommit: boolean,
    { producerId, epoch }: { producerId: number; epoch: number },
  ): void {
    const { clock, groups, markerDelayMs } = this.#options
    transaction.timeout?.cancel()
    transaction.prepare(isCommit)
    if (transaction.partitions.size === 0 && transaction.groupIds.size === 0) return transaction.complete()
    clock.setTimer({ afterMs: markerDelayMs, background: true }, () => {
      const nowMs = clock.nowMs()
      for (const partition of transaction.partitions) partition.endTransaction(producerId, epoch, isCommit, nowMs)
      for (const groupId of transaction.groupIds) groups.get(groupId)?.offsets.endTransaction(producerId, isCommit)
      transaction.complete()
    })
  }

  /** Gives an idle transaction to a new owner, or back to the one it had. */
  #renew(transaction: Transaction, expectedEpoch: number | undefined): ErrorCode {
    const { epoch } = transaction
    const isNew = epoch === noEpoch
    if (transaction.isEpochExhausted && (expectedEpoch === undefined || expectedEpoch === epoch)) {
      this.#rotate(transaction)
      transaction.lastEpoch = expectedEpoch === undefined ? noEpoch : epoch
    } else if (expectedEpoch === undefined || isNew || expectedEpoch === epoch) {
      transaction.epoch = epoch + 1
      transaction.lastEpoch = expectedEpoch === undefined ? noEpoch : epoch
    } else if (expectedEpoch !== transaction.lastEpoch) {
      return errorCode.producerFenced
    }
    transaction.state = 'Empty'
    return errorCode.none
  }

  /** Epochs are used up: goes on under another producer id. */
  #rotate(transaction: Transaction): void {
    transaction.previousProducerId = transaction.producerId
    transaction.producerId = this.#options.newProducerId()
    transaction.epoch = 0
  }
}

function mayBeOwner(transaction: Transaction, { producerId, epoch }: { producerId: number; epoch: number }): boolean {
  return (
    transaction.epoch === noEpoch ||
    producerId === transaction.producerId ||
    (producerId === transaction.previousProducerId && epoch >= epochMax)
  )
}

function refuse(error: ErrorCode): ProducerGrant {
  return { error, producerId: noProducerId, epoch: noEpoch }
}

function grant({ producerId, epoch }: Transaction): ProducerGrant {
  return { error: errorCode.none, producerId, epoch }
}
