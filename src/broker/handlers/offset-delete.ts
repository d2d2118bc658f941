import { errorCode, offsetDelete as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'

export const offsetDelete = serve(api, {
  denied: ({ groupId }, { access }) =>
    access.group('delete', groupId) ? undefined : { errorCode: errorCode.groupAuthorizationFailed, topics: [] },
  coordinatedBy: ofGroup,
  handle({ groupId, topics }, { access, cluster }) {
    const group = cluster.groups.get(groupId)
    if (groupId === '') return { errorCode: errorCode.invalidGroupId, topics: [] }
    if (group === undefined) return { errorCode: errorCode.groupIdNotFound, topics: [] }
    const subscriptions = group.subscribedTopics()
    if (subscriptions === undefined) return { errorCode: errorCode.nonEmptyGroup, topics: [] }
    const remove = (topic: string, partitionIndex: number) => {
      if (!access.topic('read', topic)) return errorCode.topicAuthorizationFailed
      if (cluster.topics.partition(topic, partitionIndex) === undefined) return errorCode.unknownTopicOrPartition
      if (subscriptions.has(topic)) return errorCode.groupSubscribedToTopic
      group.offsets.delete(topic, partitionIndex)
      return errorCode.none
    }
    return {
      errorCode: errorCode.none,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: remove(name, partitionIndex),
        })),
      })),
    }
  },
})
