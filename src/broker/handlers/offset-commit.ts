import { type ErrorCode, errorCode, offsetCommit as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import type { Cluster } from '../cluster.ts'
import { ofGroup } from '../coordinators.ts'
import { unitOf } from '../groups/epochs/unit.ts'
import type { Commit } from '../groups/group.ts'

const metadataLengthMax = 4096
const missingGroupNamedSince = 9

export const offsetCommit = serve(api, {
  denied({ groupId, topics }, { access }) {
    if (access.group('read', groupId)) return undefined
    return { topics: topics.map((topic) => refuseTopic(topic, errorCode.groupAuthorizationFailed)) }
  },
  coordinatedBy: ofGroup,
  handle(request, { access, cluster, version }) {
    const topicOf = ({ name, topicId }: CommittedTopic) =>
      version >= 10 ? cluster.topics.getById(topicId) : cluster.topics.get(name)
    const units = request.topics.flatMap((asked) => {
      const topic = topicOf(asked)
      return topic === undefined ? [] : asked.partitions.map(({ partitionIndex }) => unitOf(topic.id, partitionIndex))
    })
    const refusal = checkCommit({ ...request, units, isTransactional: false, version }, cluster)
    return {
      topics: request.topics.map((asked) => {
        const { name, topicId, partitions } = asked
        const isById = version >= 10
        const topic = topicOf(asked)
        const missing = isById && topic === undefined ? errorCode.unknownTopicId : errorCode.unknownTopicOrPartition
        const isKnown = topic !== undefined || !isById
        if (isKnown && !access.topic('read', topic?.name ?? name)) {
          return refuseTopic(asked, errorCode.topicAuthorizationFailed)
        }
        return {
          name,
          topicId,
          partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
            if (refusal !== errorCode.none) return { partitionIndex, errorCode: refusal }
            if (topic?.partitions[partitionIndex] === undefined) return { partitionIndex, errorCode: missing }
            if (committedMetadata !== null && committedMetadata.length > metadataLengthMax) {
              return { partitionIndex, errorCode: errorCode.offsetMetadataTooLarge }
            }
            const offsets = cluster.groups.offsetsOf(request.groupId)
            offsets.commit(topic.name, partitionIndex, {
              offset: committedOffset,
              leaderEpoch: committedLeaderEpoch,
              metadata: committedMetadata ?? '',
            })
            return { partitionIndex, errorCode: errorCode.none }
          }),
        }
      }),
    }
  },
})

interface CommittedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly { readonly partitionIndex: number }[]
}

/** Refuses all partitions of a topic for one reason. */
function refuseTopic({ name, topicId, partitions }: CommittedTopic, error: ErrorCode) {
  return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: error })) }
}

function checkCommit(commit: Commit & { readonly groupId: string }, { groups }: Cluster): ErrorCode {
  const { groupId, version } = commit
  const error = groups.checkCommit(groupId, commit)
  const isGroupMissing = error === errorCode.illegalGeneration && groups.get(groupId) === undefined
  return isGroupMissing && version >= missingGroupNamedSince ? errorCode.groupIdNotFound : error
}
