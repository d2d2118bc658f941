import { defineApi } from '../api.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  int64,
  int8,
  nullable,
  nullableArray,
  nullableString,
  string,
  struct,
  uint16,
} from '../schema.ts'

export const keyValue = struct({ key: string, value: string })
/** Where a member may be asked about its state. */
export const endpoint = struct({ host: string, port: uint16 })
/** A topic that belongs to the application. */
export const internalTopic = struct({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
})
/** Tasks of a subtopology, by the partitions that they read. */
export const taskId = struct({ subtopologyId: string, partitions: array(int32) })
export const taskOffset = struct({ subtopologyId: string, partition: int32, offset: int64 })

const subtopology = struct({
  subtopologyId: string,
  sourceTopics: array(string),
  sourceTopicRegex: array(string),
  stateChangelogTopics: array(internalTopic),
  repartitionSinkTopics: array(string),
  repartitionSourceTopics: array(internalTopic),
  copartitionGroups: array(
    struct({ sourceTopics: array(int16), sourceTopicRegex: array(int16), repartitionSourceTopics: array(int16) }),
  ),
})

const topicPartitions = array(struct({ topic: string, partitions: array(int32) }))

/** How a member of a streams group tells that it lives, and learns its tasks (KIP-1071). */
export const streamsGroupHeartbeat = defineApi({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    endpointInformationEpoch: defaulted(int32, 0),
    instanceId: defaulted(nullableString, null),
    rackId: defaulted(nullableString, null),
    rebalanceTimeoutMs: defaulted(int32, -1),
    topology: defaulted(nullable(struct({ epoch: int32, subtopologies: array(subtopology) })), null),
    activeTasks: defaulted(nullableArray(taskId), null),
    standbyTasks: defaulted(nullableArray(taskId), null),
    warmupTasks: defaulted(nullableArray(taskId), null),
    processId: defaulted(nullableString, null),
    userEndpoint: defaulted(nullable(endpoint), null),
    clientTags: defaulted(nullableArray(keyValue), null),
    taskOffsets: defaulted(nullableArray(taskOffset), null),
    taskEndOffsets: defaulted(nullableArray(taskOffset), null),
    shutdownApplication: defaulted(boolean, false),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    errorMessage: defaulted(nullableString, null),
    memberId: defaulted(string, ''),
    memberEpoch: defaulted(int32, 0),
    heartbeatIntervalMs: defaulted(int32, 0),
    acceptableRecoveryLag: defaulted(int32, 0),
    taskOffsetIntervalMs: defaulted(int32, 0),
    status: defaulted(nullableArray(struct({ statusCode: int8, statusDetail: string })), []),
    activeTasks: defaulted(nullableArray(taskId), null),
    standbyTasks: defaulted(nullableArray(taskId), null),
    warmupTasks: defaulted(nullableArray(taskId), null),
    endpointInformationEpoch: defaulted(int32, 0),
    partitionsByUserEndpoint: defaulted(
      nullableArray(
        struct({ userEndpoint: endpoint, activePartitions: topicPartitions, standbyPartitions: topicPartitions }),
      ),
      null,
    ),
  }),
})
