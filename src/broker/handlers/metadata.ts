import { operationsUnknown } from '../acl/access.ts'
import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { isValidName, type Topic } from '../topics.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  nullableArray,
  nullableSince,
  nullableString,
  since,
  string,
  struct,
  uuid,
  versions,
  zeroUuid,
} from '../wire/schema.ts'

export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleSince: 9,
  request: struct({
    topics: nullableSince(
      1,
      nullableArray(struct({ topicId: since(10, uuid, zeroUuid), name: nullableSince(10, nullableString) })),
    ),
    allowAutoTopicCreation: since(4, boolean, true),
    includeClusterAuthorizedOperations: versions(8, 10, boolean, false),
    includeTopicAuthorizedOperations: since(8, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    brokers: array(struct({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) })),
    clusterId: since(2, nullableString, null),
    controllerId: since(1, int32, -1),
    topics: array(
      struct({
        errorCode: int16,
        name: nullableSince(12, nullableString),
        topicId: since(10, uuid, zeroUuid),
        isInternal: since(1, boolean, false),
        partitions: array(
          struct({
            errorCode: defaulted(int16, 0),
            partitionIndex: int32,
            leaderId: int32,
            leaderEpoch: since(7, int32, -1),
            replicaNodes: array(int32),
            isrNodes: array(int32),
            offlineReplicas: since(5, array(int32), []),
          }),
        ),
        topicAuthorizedOperations: since(8, int32, operationsUnknown),
      }),
    ),
    clusterAuthorizedOperations: versions(8, 10, int32, operationsUnknown),
    errorCode: since(13, int16, 0),
  }),
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
  return isValidName(name) ? errorCode.unknownTopicOrPartition : errorCode.invalidTopic
}
