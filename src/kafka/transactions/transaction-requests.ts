import { ownMetadata } from '../admin/group-offsets.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { type Attempt, Coordinator } from '../cluster/coordinator.ts'
import type { GroupMember } from '../membership/group-member.ts'
import type { Outcome, ProducerIdentity, TransactionState } from './transaction-state.ts'

/** The next offset of each partition of a topic; those below 0 are left as they are. */
export interface TopicOffsets {
  readonly topic: string
  readonly offsets: readonly number[]
}

/** The requests of a transactional producer to its two coordinators, each sent once. */
export class TransactionRequests {
  readonly #transaction: Coordinator
  readonly #group: Coordinator
  readonly #transactionalId: string
  readonly #groupId: string
  readonly #timeoutMs: number

  constructor(options: { cluster: Cluster; transactionalId: string; group: string; transactionTimeoutMs: number }) {
    this.#transaction = new Coordinator(options.cluster, 'transaction', options.transactionalId)
    this.#group = new Coordinator(options.cluster, 'group', options.group)
    this.#transactionalId = options.transactionalId
    this.#groupId = options.group
    this.#timeoutMs = options.transactionTimeoutMs
  }

  async initialise(expected: ProducerIdentity | undefined): Promise<Attempt<ProducerIdentity>> {
    const request = {
      transactionalId: this.#transactionalId,
      transactionTimeoutMs: this.#timeoutMs,
      ...(expected && named(expected)),
    }
    return identityOf(await this.#transaction.ask(apis.initProducerId, request))
  }

  /** Takes partitions into a transaction of version 1. */
  addPartitions({ identity }: TransactionState, topics: { name: string; partitions: number[] }[]) {
    const { producerId, producerEpoch } = named(identity)
    return this.#transaction.ask(apis.addPartitionsToTxn, {
      v3AndBelowTransactionalId: this.#transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: topics,
    })
  }

  /** Takes the group's offsets into a transaction of version 1. */
  addOffsets({ identity }: TransactionState) {
    const request = { transactionalId: this.#transactionalId, ...named(identity), groupId: this.#groupId }
    return this.#transaction.ask(apis.addOffsetsToTxn, request)
  }

  commitOffsets({ identity, version }: TransactionState, member: GroupMember, offsets: readonly TopicOffsets[]) {
    const topics = offsets.map(({ topic, offsets: next }) => ({ name: topic, partitions: committed(next) }))
    return this.#group.ask(version === 2 ? apis.joiningTxnOffsetCommit : apis.txnOffsetCommit, {
      transactionalId: this.#transactionalId,
      groupId: this.#groupId,
      ...named(identity),
      generationIdOrMemberEpoch: member.generationId,
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      topics,
    })
  }

  /** @returns Who the next transaction belongs to, where version 2 tells it. */
  async end({ identity, version }: TransactionState, outcome: Outcome): Promise<Attempt<ProducerIdentity | undefined>> {
    const request = { transactionalId: this.#transactionalId, ...named(identity), committed: outcome === 'commit' }
    if (version === 2) return identityOf(await this.#transaction.ask(apis.advancingEndTxn, request))
    const attempt = await this.#transaction.ask(apis.endTxn, request)
    return attempt.type === 'answered' ? { type: 'answered', response: undefined } : attempt
  }
}

/** Who asks, by the protocol's names. */
function named({ producerId, epoch }: ProducerIdentity) {
  return { producerId: Number(producerId), producerEpoch: epoch }
}

function identityOf(attempt: Attempt<{ producerId: number; producerEpoch: number }>): Attempt<ProducerIdentity> {
  if (attempt.type !== 'answered') return attempt
  const { producerId, producerEpoch: epoch } = attempt.response
  return { type: 'answered', response: { producerId: BigInt(producerId), epoch } }
}

function committed(offsets: readonly number[]) {
  return offsets.flatMap((committedOffset, partitionIndex) =>
    committedOffset < 0 ? [] : [{ partitionIndex, committedOffset, committedMetadata: ownMetadata }],
  )
}
