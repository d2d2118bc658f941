import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  endTxnV3,
  initProducerIdV4,
  txnOffsetCommitV3,
} from '@platformatic/kafka'
import type { Cluster } from './cluster.ts'
import { type Attempt, Coordinator } from './coordinator.ts'
import type { GroupMember } from './group-member.ts'
import { ownMetadata } from './offset-store.ts'
import { endTxnV5, txnOffsetCommitV5 } from './transaction-protocol.ts'
import type { Outcome, ProducerIdentity, TransactionState } from './transaction-state.ts'

/** The next offset of each partition of a topic; those below 0 are left as they are. */
export interface TopicOffsets {
  readonly topic: string
  readonly offsets: readonly number[]
}

/** The requests of a transactional producer to its two coordinators, each sent once. */
export class TransactionRequests {
  readonly transaction: Coordinator
  readonly group: Coordinator
  readonly #transactionalId: string
  readonly #groupId: string
  readonly #timeoutMs: number

  constructor(options: { cluster: Cluster; transactionalId: string; group: string; transactionTimeoutMs: number }) {
    this.transaction = new Coordinator(options.cluster, 'transaction', options.transactionalId)
    this.group = new Coordinator(options.cluster, 'group', options.group)
    this.#transactionalId = options.transactionalId
    this.#groupId = options.group
    this.#timeoutMs = options.transactionTimeoutMs
  }

  async initialise(expected: ProducerIdentity | undefined): Promise<Attempt<ProducerIdentity>> {
    const { producerId, epoch } = expected ?? { producerId: -1n, epoch: -1 }
    const attempt = await this.transaction.call(
      initProducerIdV4.api,
      this.#transactionalId,
      this.#timeoutMs,
      producerId,
      epoch,
    )
    return identityOf(attempt)
  }

  /** Takes partitions into a transaction of version 1. */
  addPartitions({ identity }: TransactionState, topics: { name: string; partitions: number[] }[]) {
    const { producerId, epoch: producerEpoch } = identity
    const transaction = { transactionalId: this.#transactionalId, producerId, producerEpoch, verifyOnly: false, topics }
    return this.transaction.call(addPartitionsToTxnV3.api, [transaction])
  }

  /** Takes the group's offsets into a transaction of version 1. */
  addOffsets({ identity: { producerId, epoch } }: TransactionState) {
    return this.transaction.call(addOffsetsToTxnV3.api, this.#transactionalId, producerId, epoch, this.#groupId)
  }

  commitOffsets(
    { identity: { producerId, epoch }, version }: TransactionState,
    { generationId, memberId, groupInstanceId }: GroupMember,
    offsets: readonly TopicOffsets[],
  ) {
    const topics = offsets.map(({ topic, offsets: next }) => ({ name: topic, partitions: committed(next) }))
    return this.group.call(
      version === 2 ? txnOffsetCommitV5 : txnOffsetCommitV3.api,
      this.#transactionalId,
      this.#groupId,
      producerId,
      epoch,
      generationId,
      memberId,
      groupInstanceId,
      topics,
    )
  }

  /** @returns Who the next transaction belongs to, where version 2 tells it. */
  async end(
    { identity: { producerId, epoch }, version }: TransactionState,
    outcome: Outcome,
  ): Promise<Attempt<ProducerIdentity | undefined>> {
    const request = [this.#transactionalId, producerId, epoch, outcome === 'commit'] as const
    if (version === 2) return identityOf(await this.transaction.call(endTxnV5, ...request))
    const attempt = await this.transaction.call(endTxnV3.api, ...request)
    return attempt.type === 'answered' ? { type: 'answered', response: undefined } : attempt
  }
}

function identityOf(attempt: Attempt<{ producerId: bigint; producerEpoch: number }>): Attempt<ProducerIdentity> {
  if (attempt.type !== 'answered') return attempt
  const { producerId, producerEpoch: epoch } = attempt.response
  return { type: 'answered', response: { producerId, epoch } }
}

function committed(offsets: readonly number[]) {
  return offsets.flatMap((offset, partitionIndex) =>
    offset < 0
      ? []
      : [
          {
            partitionIndex,
            committedOffset: BigInt(offset),
            committedLeaderEpoch: -1,
            committedMetadata: ownMetadata,
          },
        ],
  )
}
