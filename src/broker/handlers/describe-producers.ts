import { defineApi } from '../api.ts'
import { errorCode, type ErrorCode } from '../error-code.ts'
import { array, defaulted, int16, int32, int64, nullableString, string, struct } from '../wire/schema.ts'

export const describeProducers = defineApi({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({ topics: array(struct({ name: string, partitionIndexes: array(int32) })) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            errorCode: int16,
            errorMessage: defaulted(nullableString, null),
            activeProducers: array(
              struct({
                producerId: int64,
                producerEpoch: int32,
                lastSequence: int32,
                lastTimestamp: int64,
                coordinatorEpoch: int32,
                currentTxnStartOffset: int64,
              }),
            ),
          }),
        ),
      }),
    ),
  }),
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
