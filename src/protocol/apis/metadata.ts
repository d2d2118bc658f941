import { defineApi } from '../api.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  nullableArray,
  nullableSince,
  nullableString,
  since,
  string,
  struct,
  uuid,
  versions,
  zeroUuid,
} from '../schema.ts'
import { operationsUnknown } from './authorized-operations.ts'

export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleSince: 9,
  request: struct({
    topics: nullableSince(
      1,
      nullableArray(struct({ topicId: since(10, uuid, zeroUuid), name: nullableSince(10, nullableString) })),
    ),
    allowAutoTopicCreation: since(4, boolean, true),
    includeClusterAuthorizedOperations: versions(8, 10, boolean, false),
    includeTopicAuthorizedOperations: since(8, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    brokers: array(struct({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) })),
    clusterId: since(2, nullableString, null),
    controllerId: since(1, int32, -1),
    topics: array(
      struct({
        errorCode: int16,
        name: nullableSince(12, nullableString),
        topicId: since(10, uuid, zeroUuid),
        isInternal: since(1, boolean, false),
        partitions: array(
          struct({
            errorCode: defaulted(int16, 0),
            partitionIndex: int32,
            leaderId: int32,
            leaderEpoch: since(7, int32, -1),
            replicaNodes: array(int32),
            isrNodes: array(int32),
            offlineReplicas: since(5, array(int32), []),
          }),
        ),
        topicAuthorizedOperations: since(8, int32, operationsUnknown),
      }),
    ),
    clusterAuthorizedOperations: versions(8, 10, int32, operationsUnknown),
    errorCode: since(13, int16, 0),
  }),
})
