import { createTopics as api, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import type { BrokerConfig } from '../broker-config.ts'
import { topicEntries } from '../config-entries.ts'
import type { Topic } from '../topics.ts'

const useDefault = -1

export const createTopics = serve(api, {
  handle(request, { access, cluster, node }) {
    const { topics } = cluster
    const names = request.topics.map(({ name }) => name)
    const create = (wanted: (typeof request.topics)[number]) => {
      const { name, replicationFactor, assignments } = wanted
      const refuse = (error: number, message: string) => ({ name, errorCode: error, errorMessage: message })
      if (names.indexOf(name) !== names.lastIndexOf(name)) {
        return refuse(errorCode.invalidRequest, 'Duplicate topic name.')
      }
      if (!access.cluster('create') && !access.topic('create', name)) {
        return refuse(errorCode.topicAuthorizationFailed, 'Authorization failed.')
      }
      const isAssigned = assignments.length > 0
      if (isAssigned && (wanted.numPartitions !== useDefault || replicationFactor !== useDefault)) {
        return refuse(errorCode.invalidRequest, 'A manual partition assignment leaves both numbers at -1.')
      }
      const leaderIds = assignments.map(({ brokerIds }) => brokerIds[0] ?? -1)
      if (
        assignments.some(({ brokerIds }) => brokerIds.length !== 1) ||
        !leaderIds.every((id) => cluster.hasNode(id))
      ) {
        return refuse(
          errorCode.invalidReplicaAssignment,
          'A partition is assigned to one of the brokers that there are.',
        )
      }
      if (replicationFactor !== useDefault && replicationFactor !== 1) {
        return refuse(errorCode.invalidReplicationFactor, 'There is one log, so the replication factor is 1.')
      }
      const numPartitions = isAssigned ? assignments.length : wanted.numPartitions
      const partitionCount = numPartitions === useDefault ? 1 : numPartitions
      const topic = { name, partitionCount, leaderIds, config: wanted.configs }
      const refusal = topics.check(topic)
      if (refusal !== undefined) return refuse(refusal.error, refusal.message)
      return request.validateOnly
        ? { name, ...accepted, numPartitions: topic.partitionCount }
        : describe(topics.create(topic), cluster.brokerConfig, node.id)
    }
    return { topics: request.topics.map(create) }
  },
})

const accepted = { errorCode: errorCode.none, errorMessage: null, replicationFactor: 1 }

function describe({ name, id, partitions, config }: Topic, brokerConfig: BrokerConfig, nodeId: number) {
  return {
    ...accepted,
    name,
    topicId: id,
    numPartitions: partitions.length,
    configs: topicEntries(config, brokerConfig, nodeId).map((entry) => ({ ...entry, isSensitive: false })),
  }
}
