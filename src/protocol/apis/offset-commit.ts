import { defineApi } from '../api.ts'
import {
  array,
  int16,
  int32,
  int64,
  nullableString,
  since,
  string,
  struct,
  until,
  uuid,
  versions,
  zeroUuid,
} from '../schema.ts'

export const offsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexibleSince: 8,
  request: struct({
    groupId: string,
    generationIdOrMemberEpoch: int32,
    memberId: string,
    groupInstanceId: since(7, nullableString, null),
    retentionTimeMs: versions(2, 4, int64, -1),
    topics: array(
      struct({
        name: until(9, string, ''),
        topicId: since(10, uuid, zeroUuid),
        partitions: array(
          struct({
            partitionIndex: int32,
            committedOffset: int64,
            committedLeaderEpoch: since(6, int32, -1),
            committedMetadata: nullableString,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: array(
      struct({
        name: until(9, string, ''),
        topicId: since(10, uuid, zeroUuid),
        partitions: array(struct({ partitionIndex: int32, errorCode: int16 })),
      }),
    ),
  }),
})
