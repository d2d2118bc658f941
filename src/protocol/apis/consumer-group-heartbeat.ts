import { defineApi } from '../api.ts'
import {
  array,
  defaulted,
  int16,
  int32,
  nullable,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
} from '../schema.ts'

const topicPartitions = struct({ topicId: uuid, partitions: array(int32) })

/** How a member of a consumer group tells that it lives, and learns what it is to read (KIP-848). */
export const consumerGroupHeartbeat = defineApi({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: defaulted(nullableString, null),
    rackId: defaulted(nullableString, null),
    rebalanceTimeoutMs: defaulted(int32, -1),
    subscribedTopicNames: defaulted(nullableArray(string), null),
    subscribedTopicRegex: since(1, nullableString, null),
    serverAssignor: defaulted(nullableString, null),
    topicPartitions: defaulted(nullableArray(topicPartitions), null),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    errorMessage: defaulted(nullableString, null),
    memberId: defaulted(nullableString, null),
    memberEpoch: defaulted(int32, 0),
    heartbeatIntervalMs: defaulted(int32, 0),
    assignment: defaulted(nullable(struct({ topicPartitions: array(topicPartitions) })), null),
  }),
})
