import { type ErrorCode, errorCode, offsetFetch as api, zeroUuid } from '../../protocol/index.ts'
import { type RequestContext, serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'

export const offsetFetch = serve(api, {
  denied({ groupId, topics }, { access, version }) {
    if (version >= 8 || access.group('describe', groupId)) return undefined
    const denial = errorCode.groupAuthorizationFailed
    // The first version has no room for an error but with the partitions.
    const refused = version < 2 ? (topics ?? []) : []
    return {
      errorCode: denial,
      topics: refused.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: denial })),
      })),
    }
  },
  // Several groups may be asked for together, where they have one coordinator.
  coordinatedBy: (request) => ofGroup(request.groups[0] ?? request),
  handle(request, context) {
    const { access, version } = context
    const { requireStable } = request
    if (version < 8) {
      const topics = request.topics?.map((topic) => ({ ...topic, topicId: zeroUuid })) ?? null
      return { topics: committedOf(context, request.groupId, topics, { isById: false, requireStable }) }
    }
    return {
      groups: request.groups.map(({ groupId, memberId, memberEpoch, topics }) => {
        const refuse = (error: ErrorCode) => ({ groupId, topics: [], errorCode: error })
        if (!access.group('describe', groupId)) return refuse(errorCode.groupAuthorizationFailed)
        const refusal = context.cluster.groups.get(groupId)?.checkFetch(memberId, memberEpoch)
        if (refusal !== undefined && refusal !== errorCode.none) return refuse(refusal)
        return { groupId, topics: committedOf(context, groupId, topics, { isById: version >= 10, requireStable }) }
      }),
    }
  },
})

interface WantedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: number[]
}

interface FetchMode {
  readonly isById: boolean
  /** Whether offsets that a transaction may yet change are refused. */
  readonly requireStable: boolean
}

/** What a group has committed to the wanted partitions; to all that it knows when none are named. */
function committedOf(
  { access, cluster }: RequestContext,
  groupId: string,
  topics: WantedTopic[] | null,
  { isById, requireStable }: FetchMode,
) {
  const offsets = cluster.groups.get(groupId)?.offsets
  const mayDescribe = (topic: string | undefined) => topic === undefined || access.topic('describe', topic)
  const known = () => offsets?.partitions().filter(({ topic }) => mayDescribe(topic)) ?? []
  const wanted =
    topics ??
    known().map(({ topic, partitions }) => ({
      name: topic,
      topicId: cluster.topics.get(topic)?.id ?? zeroUuid,
      partitionIndexes: partitions,
    }))
  return wanted.map(({ name, topicId, partitionIndexes }) => {
    const topicName = isById ? cluster.topics.getById(topicId)?.name : name
    const isDescribed = mayDescribe(topicName)
    const partitions = partitionIndexes.map((partitionIndex) => {
      if (topicName === undefined) return { partitionIndex, errorCode: errorCode.unknownTopicId }
      if (!isDescribed) return { partitionIndex, errorCode: errorCode.topicAuthorizationFailed }
      if (requireStable && offsets?.isUnstable(topicName, partitionIndex) === true) {
        return { partitionIndex, errorCode: errorCode.unstableOffsetCommit }
      }
      const committed = offsets?.get(topicName, partitionIndex)
      if (committed === undefined) return { partitionIndex, errorCode: errorCode.none }
      const { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata } = committed
      return { partitionIndex, errorCode: errorCode.none, committedOffset, committedLeaderEpoch, metadata }
    })
    return { name, topicId, partitions }
  })
}
