import { errorCode, metadata as api, operationsUnknown } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { isValidName, type Topic } from '../topics.ts'

export const metadata = serve(api, {
  handle(request, { access, cluster, version }) {
    const { topics, nodes, controller } = cluster
    // Version 0 had no null: no names meant all.
    const isForAll = request.topics === null || (version === 0 && request.topics.length === 0)
    const operationsOn = (name: string) =>
      request.includeTopicAuthorizedOperations ? access.operationsOn('topic', name) : operationsUnknown
    const mayDescribe = (name: string) => access.topic('describe', name)
    const describe = (topic: Topic) => ({
      errorCode: errorCode.none,
      name: topic.name,
      topicId: topic.id,
      partitions: topic.partitions.map(({ index, leaderId, leaderEpoch }) => ({
        partitionIndex: index,
        leaderId,
        leaderEpoch,
        replicaNodes: [leaderId],
        isrNodes: [leaderId],
      })),
      topicAuthorizedOperations: operationsOn(topic.name),
    })
    const isToBeCreated = (name: string) =>
      cluster.autoCreatesTopics &&
      request.allowAutoTopicCreation &&
      topics.check({ name, partitionCount: 1 }) === undefined
    const find = ({ name, topicId }: { name: string | null; topicId: string }) => {
      const topic = name === null ? topics.getById(topicId) : topics.get(name)
      const described = topic?.name ?? name
      if (described !== null && !mayDescribe(described)) {
        return { errorCode: errorCode.topicAuthorizationFailed, name, topicId, partitions: [] }
      }
      if (topic !== undefined) return describe(topic)
      if (name !== null && isToBeCreated(name)) {
        if (!access.cluster('create') && !access.topic('create', name)) {
          return { errorCode: errorCode.topicAuthorizationFailed, name, topicId, partitions: [] }
        }
        // The client is told that the topic is not there, as by Kafka, and asks again.
        topics.create({ name, partitionCount: 1 })
      }
      return { errorCode: errorOfMissing(name), name, topicId, partitions: [] }
    }
    return {
      brokers: nodes.map(({ id: nodeId, host, port }) => ({ nodeId, host, port })),
      clusterId: cluster.id,
      controllerId: controller.id,
      topics: isForAll
        ? [...topics.all()].filter(({ name }) => mayDescribe(name)).map(describe)
        : request.topics!.map(find),
      ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: access.clusterOperations }),
    }
  },
})

function errorOfMissing(name: string | null): number {
  if (name === null) return errorCode.unknownTopicId
  return isValidName(name) ? errorCode.unknownTopicOrPartition : errorCode.invalidTopicException
}
