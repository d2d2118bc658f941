import type { EpochMember } from '../epochs/epoch-member.ts'

/** A member of a consumer group. */
export interface ConsumerMember extends EpochMember {
  readonly subscribedTopicNames: readonly string[]
  /** The assignor that it asks for; the group takes the one that most members ask for. */
  readonly serverAssignor: string | null
}

/** A heartbeat of a member; what is null has not changed since the one before. */
export interface ConsumerHeartbeat {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly subscribedTopicNames: readonly string[] | null
  readonly subscribedTopicRegex: string | null
  readonly serverAssignor: string | null
  readonly topicPartitions: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] | null
  readonly clientId: string
  readonly clientHost: string
}

/** What a member is told: its assignment where that has changed, or where it said all about itself. */
export interface ConsumerHeartbeatAnswer {
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  readonly assignment: { topicPartitions: { topicId: string; partitions: readonly number[] }[] } | null
}
