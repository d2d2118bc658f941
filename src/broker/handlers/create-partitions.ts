import { defineApi } from '../api.ts'
import type { Cluster } from '../cluster.ts'
import { errorCode, type ErrorCode } from '../error-code.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
  struct,
  type ValueOf,
} from '../wire/schema.ts'

const growth = struct({
  name: string,
  count: int32,
  assignments: nullableArray(struct({ brokerIds: array(int32) })),
})

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({ topics: array(growth), timeoutMs: int32, validateOnly: boolean }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
  }),
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

function grow(cluster: Cluster, wanted: ValueOf<typeof growth>, validateOnly: boolean) {
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
