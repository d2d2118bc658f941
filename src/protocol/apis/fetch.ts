import { defineApi } from '../api.ts'
import {
  array,
  defaulted,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableString,
  records,
  since,
  string,
  struct,
  tagged,
  until,
  uuid,
  versions,
  zeroUuid,
} from '../schema.ts'

const request = struct({
  clusterId: tagged(0, 12, nullableString, null),
  replicaId: until(14, int32, -1),
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: int32,
  isolationLevel: int8,
  sessionId: since(7, int32, 0),
  sessionEpoch: since(7, int32, -1),
  topics: array(
    struct({
      topic: until(12, string, ''),
      topicId: since(13, uuid, zeroUuid),
      partitions: array(
        struct({
          partition: int32,
          currentLeaderEpoch: since(9, int32, -1),
          fetchOffset: int64,
          lastFetchedEpoch: since(12, int32, -1),
          logStartOffset: since(5, int64, -1),
          partitionMaxBytes: int32,
        }),
      ),
    }),
  ),
  forgottenTopicsData: since(
    7,
    array(struct({ topic: versions(7, 12, string, ''), topicId: since(13, uuid, zeroUuid), partitions: array(int32) })),
    [],
  ),
  rackId: since(11, string, ''),
})

export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleSince: 12,
  request,
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: since(7, int16, 0),
    sessionId: since(7, int32, 0),
    responses: array(
      struct({
        topic: until(12, string, ''),
        topicId: since(13, uuid, zeroUuid),
        partitions: array(
          struct({
            partitionIndex: int32,
            errorCode: int16,
            highWatermark: defaulted(int64, -1),
            lastStableOffset: defaulted(int64, -1),
            logStartOffset: since(5, int64, -1),
            abortedTransactions: defaulted(nullableArray(struct({ producerId: int64, firstOffset: int64 })), null),
            preferredReadReplica: since(11, int32, -1),
            records,
          }),
        ),
      }),
    ),
  }),
})
