import { defineApi } from '../api.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  int64,
  nullableArray,
  nullableSince,
  nullableString,
  since,
  string,
  struct,
  until,
  uuid,
  versions,
  zeroUuid,
} from '../schema.ts'

const committedPartition = struct({
  partitionIndex: int32,
  committedOffset: defaulted(int64, -1),
  committedLeaderEpoch: since(5, int32, -1),
  metadata: defaulted(nullableString, ''),
  errorCode: int16,
})

export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexibleSince: 6,
  request: struct({
    groupId: until(7, string, ''),
    topics: until(7, nullableSince(2, nullableArray(struct({ name: string, partitionIndexes: array(int32) }))), []),
    groups: since(
      8,
      array(
        struct({
          groupId: string,
          memberId: since(9, nullableString, null),
          memberEpoch: since(9, int32, -1),
          topics: nullableArray(
            struct({
              name: until(9, string, ''),
              topicId: since(10, uuid, zeroUuid),
              partitionIndexes: array(int32),
            }),
          ),
        }),
      ),
      [],
    ),
    requireStable: since(7, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: until(7, array(struct({ name: string, partitions: array(committedPartition) })), []),
    errorCode: versions(2, 7, int16, 0),
    groups: since(
      8,
      array(
        struct({
          groupId: string,
          topics: array(
            struct({
              name: until(9, string, ''),
              topicId: since(10, uuid, zeroUuid),
              partitions: array(committedPartition),
            }),
          ),
          errorCode: defaulted(int16, 0),
        }),
      ),
      [],
    ),
  }),
})
