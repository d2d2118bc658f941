import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import type { Partition } from '../partition.ts'
import { array, defaulted, int16, int32, int64, string, struct } from '../wire/schema.ts'

/** The offset that stands for all there is. */
const highWatermark = -1

export const deleteRecords = defineApi({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    topics: array(struct({ name: string, partitions: array(struct({ partitionIndex: int32, offset: int64 })) })),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(struct({ partitionIndex: int32, lowWatermark: defaulted(int64, -1), errorCode: int16 })),
      }),
    ),
  }),
  handle({ topics }, { access, cluster, node }) {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => {
          if (!access.topic('delete', name)) return { partitionIndex, errorCode: errorCode.topicAuthorizationFailed }
          const partition = cluster.topics.partition(name, partitionIndex)
          if (partition === undefined) return { partitionIndex, errorCode: errorCode.unknownTopicOrPartition }
          if (partition.leaderId !== node.id) return { partitionIndex, errorCode: errorCode.notLeaderOrFollower }
          return { partitionIndex, ...deleteBefore(partition, offset) }
        }),
      })),
    }
  },
})

function deleteBefore(partition: Partition, offset: number) {
  const start = offset === highWatermark ? partition.highWatermark : offset
  if (start < 0 || start > partition.highWatermark) return { errorCode: errorCode.offsetOutOfRange }
  partition.deleteBefore(start)
  return { errorCode: errorCode.none, lowWatermark: partition.log.startOffset }
}
