import { errorCode, type ErrorCode, txnOffsetCommit as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'
import { unitOf } from '../groups/epochs/unit.ts'

const implicitSince = 5
const abortableSince = 4

export const txnOffsetCommit = serve(api, {
  denied({ transactionalId, groupId, topics }, { access }) {
    if (!access.transactionalId('write', transactionalId)) {
      return { topics: topics.map((topic) => refuseTopic(topic, errorCode.transactionalIdAuthorizationFailed)) }
    }
    if (access.group('read', groupId)) return undefined
    return { topics: topics.map((topic) => refuseTopic(topic, errorCode.groupAuthorizationFailed)) }
  },
  coordinatedBy: ofGroup,
  handle(request, { access, cluster, version }) {
    const { groupId, producerId } = request
    const identity = { transactionalId: request.transactionalId, producerId, epoch: request.producerEpoch }
    const units = request.topics.flatMap(({ name, partitions }) => {
      const topicId = cluster.topics.get(name)?.id
      return topicId === undefined ? [] : partitions.map(({ partitionIndex }) => unitOf(topicId, partitionIndex))
    })
    const refusal = cluster.groups.checkCommit(groupId, { ...request, isTransactional: true, units, version })
    const error = refusal === errorCode.none ? admit() : refusal
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
          if (!access.topic('read', name)) return { partitionIndex, errorCode: errorCode.topicAuthorizationFailed }
          if (error !== errorCode.none) return { partitionIndex, errorCode: error }
          if (cluster.topics.partition(name, partitionIndex) === undefined) {
            return { partitionIndex, errorCode: errorCode.unknownTopicOrPartition }
          }
          const offsets = cluster.groups.offsetsOf(groupId)
          offsets.commitInTransaction(producerId, name, partitionIndex, {
            offset: committedOffset,
            leaderEpoch: committedLeaderEpoch,
            metadata: committedMetadata ?? '',
          })
          return { partitionIndex, errorCode: errorCode.none }
        }),
      })),
    }

    function admit() {
      if (version >= implicitSince) return cluster.transactions.addOffsets(identity, groupId)
      const verified = cluster.transactions.verifyOffsets(identity, groupId)
      return verified === errorCode.transactionAbortable && version < abortableSince
        ? errorCode.invalidTxnState
        : verified
    }
  },
})

interface CommittedTopic {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number }[]
}

/** Refuses all partitions of a topic for one reason. */
function refuseTopic({ name, partitions }: CommittedTopic, error: ErrorCode) {
  return { name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: error })) }
}
