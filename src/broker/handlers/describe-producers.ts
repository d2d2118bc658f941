import { describeProducers as api, type ErrorCode, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

export const describeProducers = serve(api, {
  handle({ topics }, { access, cluster, node }) {
    const describe = (name: string, partitionIndex: number) => {
      const refuse = (error: ErrorCode) => ({ partitionIndex, errorCode: error, activeProducers: [] })
      if (!access.topic('read', name)) {
        return { ...refuse(errorCode.topicAuthorizationFailed), errorMessage: 'Topic authorization failed.' }
      }
      const partition = cluster.topics.partition(name, partitionIndex)
      if (partition === undefined) return refuse(errorCode.unknownTopicOrPartition)
      if (partition.leaderId !== node.id) return refuse(errorCode.notLeaderOrFollower)
      return { partitionIndex, errorCode: errorCode.none, activeProducers: [...partition.producers()] }
    }
    return {
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((index) => describe(name, index)),
      })),
    }
  },
})
