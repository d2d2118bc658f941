import {
  findCoordinator,
  initProducerId,
  endTxn,
  offsetCommit,
  offsetFetch,
  txnOffsetCommit,
} from '../../src/protocol/index.ts'
import type { GroupMember, Membership } from '../../src/kafka/index.ts'
import { WireClient } from '../contract/wire-client.ts'
import { until } from '../until.ts'

const transactionKeyType = 1
const illegalGeneration = 22
const rebalanceInProgress = 27
const concurrentTransactions = 51

/**
 * Commits offsets as an owner does, and asks for its generation again when that was refused. Each offset is one more.
 */
export class Committer implements AsyncDisposable {
  readonly #client: WireClient
  readonly #group: string
  #producer: { producerId: number; producerEpoch: number }
  #offset = 0

  static async start(bootstrapServers: string, group: string): Promise<Committer> {
    const client = await WireClient.connect(bootstrapServers)
    const granted = await until('a producer id is granted', async () => {
      // Kafka makes the topic behind its transactions when it is first asked for it.
      await client.call(findCoordinator, 4, { keyType: transactionKeyType, coordinatorKeys: [group] })
      const request = { transactionalId: group, transactionTimeoutMs: 60_000 }
      const answer = await client.call(initProducerId, 5, request)
      return answer.errorCode === 0 && answer
    })
    return new Committer(client, group, granted)
  }

  private constructor(client: WireClient, group: string, producer: { producerId: number; producerEpoch: number }) {
    this.#client = client
    this.#group = group
    this.#producer = producer
  }

  commit(owner: Membership): Promise<void> {
    this.#offset++
    return this.#withMember(owner, async (member) => {
      const { topics } = await this.#client.call(offsetCommit, 8, {
        groupId: this.#group,
        ...shown(member),
        topics: this.#topics,
      })
      return topics[0]!.partitions[0]!.errorCode
    })
  }

  async commitInTransaction(owner: Membership): Promise<void> {
    this.#offset++
    await this.#withMember(owner, async (member) => {
      const transaction = { transactionalId: this.#group, ...this.#producer }
      const request = { ...transaction, groupId: this.#group, ...shown(member), topics: this.#topics }
      const { topics } = await this.#client.call(txnOffsetCommit, 5, request)
      return topics[0]!.partitions[0]!.errorCode
    })
    const transaction = { transactionalId: this.#group, ...this.#producer }
    const ended = await this.#client.call(endTxn, 5, { ...transaction, committed: true })
    if (ended.errorCode !== 0) throw new Error(`EndTxn answered ${ended.errorCode}`)
    this.#producer = ended
  }

  /** Once no transaction that changes it is open. */
  async committedOffset(): Promise<number> {
    const groups = [{ groupId: this.#group, topics: [{ name: this.#group, partitionIndexes: [0] }] }]
    const found = await until('the offset is stable', async () => {
      const answer = await this.#client.call(offsetFetch, 9, { groups, requireStable: true })
      const partition = answer.groups[0]!.topics[0]!.partitions[0]!
      return partition.errorCode === 0 && partition
    })
    return found.committedOffset
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]()
  }

  get #topics() {
    const partition = { partitionIndex: 0, committedOffset: this.#offset, committedMetadata: null }
    return [{ name: this.#group, partitions: [partition] }]
  }

  async #withMember(owner: Membership, commit: (member: GroupMember) => Promise<number>): Promise<void> {
    let member = await owner.member()
    for (;;) {
      const errorCode = await commit(member)
      if (errorCode === 0) return
      if (errorCode === concurrentTransactions) continue
      if (errorCode !== illegalGeneration && errorCode !== rebalanceInProgress) throw new Error(`commit: ${errorCode}`)
      member = await owner.member(member)
    }
  }
}

/** A member by the protocol's names. */
function shown({ generationId, memberId, groupInstanceId }: GroupMember) {
  return { generationIdOrMemberEpoch: generationId, memberId, groupInstanceId }
}
