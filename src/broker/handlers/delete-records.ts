import { deleteRecords as api, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import type { Partition } from '../partition.ts'

/** The offset that stands for all there is. */
const highWatermark = -1

export const deleteRecords = serve(api, {
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
