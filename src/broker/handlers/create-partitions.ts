import { createPartitions as api, errorCode, type ErrorCode, type RequestOf } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import type { Cluster } from '../cluster.ts'

export const createPartitions = serve(api, {
  handle({ topics, validateOnly }, { access, cluster }) {
    const names = topics.map(({ name }) => name)
    const isNamedTwice = (name: string) => names.indexOf(name) !== names.lastIndexOf(name)
    return {
      results: topics.map((wanted) => {
        const { name } = wanted
        if (!isNamedTwice(name) && !access.topic('alter', name)) {
          return { name, errorCode: errorCode.topicAuthorizationFailed, errorMessage: null }
        }
        const refusal = isNamedTwice(name)
          ? refuse(errorCode.invalidRequest, 'Duplicate topic name.')
          : grow(cluster, wanted, validateOnly)
        return { name, errorCode: errorCode.none, errorMessage: null, ...refusal }
      }),
    }
  },
})

function grow(cluster: Cluster, wanted: RequestOf<typeof api>['topics'][number], validateOnly: boolean) {
  const { name, count, assignments } = wanted
  const { topics } = cluster
  const topic = topics.get(name)
  if (topic === undefined)
    return refuse(errorCode.unknownTopicOrPartition, 'This server does not host this topic-partition.')
  const added = count - topic.partitions.length
  if (added <= 0)
    return refuse(errorCode.invalidPartitions, `Topic already has ${topic.partitions.length} partition(s).`)
  if (assignments !== null && assignments.length !== added) {
    return refuse(
      errorCode.invalidReplicaAssignment,
      `${assignments.length} assignment(s) for ${added} additional partition(s).`,
    )
  }
  const leaderIds = assignments?.map(({ brokerIds }) => brokerIds[0] ?? -1)
  const isSpread = assignments?.some(({ brokerIds }) => brokerIds.length !== 1) === true
  if (isSpread || leaderIds?.every((id) => cluster.hasNode(id)) === false) {
    return refuse(errorCode.invalidReplicaAssignment, 'A partition is assigned to one of the brokers that there are.')
  }
  if (!topics.hasRoomFor(added)) return refuse(errorCode.policyViolation, 'Excessively large number of partitions.')
  if (!validateOnly) topics.grow(topic, count, leaderIds)
  return undefined
}

function refuse(error: ErrorCode, errorMessage: string) {
  return { errorCode: error, errorMessage }
}
