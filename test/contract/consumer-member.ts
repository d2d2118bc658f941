import { consumerGroupHeartbeat, type RequestInputOf, type ResponseOf } from '../../src/protocol/index.ts'
import { randomUUID } from 'node:crypto'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

export type ConsumerRequest = RequestInputOf<typeof consumerGroupHeartbeat>
type Answer = ResponseOf<typeof consumerGroupHeartbeat>

interface TopicNames {
  readonly name: string
  readonly id: string
}

/** A member of a consumer group as the protocol wants it: it gives up what it is not to have, and says so. */
export class ConsumerMember implements AsyncDisposable {
  readonly client: WireClient
  readonly groupId: string
  readonly memberId = randomUUID()
  readonly subscription: Partial<ConsumerRequest>
  epoch = 0
  /** Partition numbers by topic id. */
  owned: { topicId: string; partitions: number[] }[] = []

  static async start(target: Target, groupId: string, topics: TopicNames[], more: Partial<ConsumerRequest> = {}) {
    return new ConsumerMember(await target.connect(), groupId, {
      subscribedTopicNames: topics.map(({ name }) => name),
      rebalanceTimeoutMs: 60_000,
      ...more,
    })
  }

  private constructor(client: WireClient, groupId: string, subscription: Partial<ConsumerRequest>) {
    this.client = client
    this.groupId = groupId
    this.subscription = subscription
  }

  /** One heartbeat; its answer changes nothing of the member. */
  ask(fields: Partial<ConsumerRequest> = {}, version = 1): Promise<Answer> {
    const { groupId, memberId, epoch: memberEpoch } = this
    return this.client.call(consumerGroupHeartbeat, version, { groupId, memberId, memberEpoch, ...fields })
  }

  /** One heartbeat, whose answer is followed. */
  async beat(fields: Partial<ConsumerRequest> = {}, version = 1): Promise<Answer> {
    const answer = await this.ask(fields, version)
    if (answer.errorCode === 0) this.epoch = answer.memberEpoch
    if (answer.assignment !== null) this.owned = answer.assignment.topicPartitions
    return answer
  }

  async join(version = 1): Promise<Answer> {
    this.epoch = 0
    this.owned = []
    return this.beat({ ...this.subscription, topicPartitions: [] }, version)
  }

  /** Tells all that it has until it has so many partitions, and says so. */
  async settle(count: number): Promise<void> {
    const size = () => this.owned.reduce((sum, { partitions }) => sum + partitions.length, 0)
    await until(`${count} partitions, not ${size()}`, async () => {
      await this.beat({ topicPartitions: this.owned })
      return size() === count
    })
    await this.beat({ topicPartitions: this.owned })
  }

  leave(fields: Partial<ConsumerRequest> = {}): Promise<Answer> {
    return this.ask({ memberEpoch: -1, ...fields })
  }

  get partitions(): number[] {
    return this.owned.flatMap(({ partitions }) => partitions).sort((a, b) => a - b)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client[Symbol.asyncDispose]()
  }
}
