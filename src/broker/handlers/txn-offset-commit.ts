import { defineApi } from '../api.ts'
import { ofGroup } from '../coordinators.ts'
import { errorCode, type ErrorCode } from '../error-code.ts'
import { array, defaulted, int16, int32, int64, nullableString, since, string, struct } from '../wire/schema.ts'

const implicitSince = 5
const abortableSince = 4

export const txnOffsetCommit = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: since(3, int32, -1),
    memberId: since(3, string, ''),
    groupInstanceId: since(3, nullableString, null),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            offset: int64,
            leaderEpoch: since(2, int32, -1),
            metadata: nullableString,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    topics: array(struct({ name: string, partitions: array(struct({ partitionIndex: int32, errorCode: int16 })) })),
  }),
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
    const refusal = cluster.groups.checkCommit(groupId, request, request.generationId, true)
    const error = refusal === errorCode.none ? admit() : refusal
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset, leaderEpoch, metadata }) => {
          if (!access.topic('read', name)) return { partitionIndex, errorCode: errorCode.topicAuthorizationFailed }
          if (error !== errorCode.none) return { partitionIndex, errorCode: error }
          if (cluster.topics.partition(name, partitionIndex) === undefined) {
            return { partitionIndex, errorCode: errorCode.unknownTopicOrPartition }
          }
          const { offsets } = cluster.groups.getOrCreate(groupId)
          const committed = { offset, leaderEpoch, metadata: metadata ?? '' }
          offsets.commitInTransaction(producerId, name, partitionIndex, committed)
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
