import { type ErrorCode, errorCode, offsetCommit as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import type { Cluster } from '../cluster.ts'
import { ofGroup } from '../coordinators.ts'
import type { MemberIdentity } from '../group-messages.ts'

const metadataLengthMax = 4096
const missingGroupNamedSince = 9

export const offsetCommit = serve(api, {
  denied({ groupId, topics }, { access }) {
    if (access.group('read', groupId)) return undefined
    return { topics: topics.map((topic) => refuseTopic(topic, errorCode.groupAuthorizationFailed)) }
  },
  coordinatedBy: ofGroup,
  handle(request, { access, cluster, version }) {
    const refusal = checkCommit(request, cluster, version)
    return {
      topics: request.topics.map((asked) => {
        const { name, topicId, partitions } = asked
        const isById = version >= 10
        const topic = isById ? cluster.topics.getById(topicId) : cluster.topics.get(name)
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
            const { offsets } = cluster.groups.getOrCreate(request.groupId)
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

interface Committer extends MemberIdentity {
  readonly groupId: string
  readonly generationIdOrMemberEpoch: number
}

function checkCommit(committer: Committer, { groups }: Cluster, version: number): ErrorCode {
  const { groupId, generationIdOrMemberEpoch: generationId } = committer
  const error = groups.checkCommit(groupId, committer, generationId, false)
  const isGroupMissing = error === errorCode.illegalGeneration && groups.get(groupId) === undefined
  return isGroupMissing && version >= missingGroupNamedSince ? errorCode.groupIdNotFound : error
}
