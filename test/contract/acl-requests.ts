import {
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  addOffsetsToTxn,
  addPartitionsToTxn,
  alterConfigs,
  createAcls,
  createPartitions,
  createTopics,
  deleteAcls,
  deleteGroups,
  deleteRecords,
  deleteTopics,
  describeAcls,
  describeConfigs,
  describeGroups,
  describeProducers,
  describeTransactions,
  endTxn,
  errorFields,
  fetch,
  findCoordinator,
  heartbeat,
  incrementalAlterConfigs,
  initProducerId,
  joinGroup,
  leaveGroup,
  listOffsets,
  metadata,
  offsetCommit,
  offsetDelete,
  offsetFetch,
  produce,
  streamsGroupDescribe,
  streamsGroupHeartbeat,
  syncGroup,
  txnOffsetCommit,
} from '../../src/protocol/index.ts'
import { topologyOf } from './streams-member.ts'
import { recordBatch } from './batches.ts'
import type { WireClient } from './wire-client.ts'

/** What requests are about: a topic, a group and a transactional id of one name. */
export interface Names {
  readonly name: string
  readonly id: string
  readonly producerId: number
  readonly producerEpoch: number
}

type Right = readonly [
  resource: 'topic' | 'group' | 'cluster' | 'transactionalId',
  operation:
    | 'read'
    | 'write'
    | 'create'
    | 'delete'
    | 'alter'
    | 'describe'
    | 'clusterAction'
    | 'describeConfigs'
    | 'alterConfigs',
]

interface GuardedRequest {
  readonly title: string
  /** What it is refused with. */
  readonly code: number
  /** The fewest that it is content with. */
  readonly rights: readonly Right[]
  readonly ask: (client: WireClient, names: Names) => Promise<unknown>
}

const topicDenied = 29
const groupDenied = 30
const clusterDenied = 31
const transactionalIdDenied = 53

/** The codes of all errors in an answer. */
export function codesOf(answer: unknown): number[] {
  if (typeof answer !== 'object' || answer === null || Buffer.isBuffer(answer)) return []
  return Object.entries(answer).flatMap(([name, value]) =>
    errorFields.has(name) ? (value === 0 ? [] : [value as number]) : codesOf(value),
  )
}

const timeoutMs = 10_000
const partitionIndex = 0
const fetched = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }]
const fetchLimits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000, isolationLevel: 0 }
const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
const anyAcl = {
  resourceTypeFilter: 2,
  resourceNameFilter: 'no such topic',
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}
const member = { generationId: 1, memberId: 'member' }
const outsider = { generationIdOrMemberEpoch: -1, memberId: '' }
const identityOf = ({ name, producerId, producerEpoch }: Names) => ({
  transactionalId: name,
  producerId,
  producerEpoch,
})
const committed = (name: string) => [
  { name, partitions: [{ partitionIndex, committedOffset: 0, committedMetadata: '' }] },
]
const batchOf = ({ producerId, producerEpoch }: Names) =>
  recordBatch(['x'], { producerId, producerEpoch, baseSequence: 0, isTransactional: true })
const writing = (records: Buffer) => [{ index: 0, records: [records] }]

/** Every request that asks for rights. */
export const guarded: readonly GuardedRequest[] = [
  {
    title: 'Produce',
    code: topicDenied,
    rights: [['topic', 'write']],
    ask: (client, { name }) => {
      const topicData = [{ name, partitionData: writing(recordBatch(['x'])) }]
      return client.call(produce, 9, { transactionalId: null, acks: -1, timeoutMs, topicData })
    },
  },
  {
    title: 'Produce by topic id',
    code: topicDenied,
    rights: [['topic', 'write']],
    ask: (client, { id }) => {
      const topicData = [{ topicId: id, partitionData: writing(recordBatch(['x'])) }]
      return client.call(produce, 13, { transactionalId: null, acks: -1, timeoutMs, topicData })
    },
  },
  {
    title: 'Produce in a transaction',
    code: transactionalIdDenied,
    rights: [
      ['topic', 'write'],
      ['transactionalId', 'write'],
    ],
    ask: (client, names) => {
      const topicData = [{ name: names.name, partitionData: writing(batchOf(names)) }]
      return client.call(produce, 12, { transactionalId: names.name, acks: -1, timeoutMs, topicData })
    },
  },
  {
    title: 'Fetch',
    code: topicDenied,
    rights: [['topic', 'read']],
    ask: (client, { name }) =>
      client.call(fetch, 12, { ...fetchLimits, topics: [{ topic: name, partitions: fetched }] }),
  },
  {
    title: 'Fetch by topic id',
    code: topicDenied,
    rights: [['topic', 'read']],
    ask: (client, { id }) => client.call(fetch, 13, { ...fetchLimits, topics: [{ topicId: id, partitions: fetched }] }),
  },
  {
    title: 'ListOffsets',
    code: topicDenied,
    rights: [['topic', 'describe']],
    ask: (client, { name }) =>
      client.call(listOffsets, 7, {
        replicaId: -1,
        topics: [{ name, partitions: [{ partitionIndex, timestamp: -1 }] }],
      }),
  },
  {
    title: 'Metadata',
    code: topicDenied,
    rights: [['topic', 'describe']],
    ask: (client, { name }) => client.call(metadata, 12, { topics: [{ name }] }),
  },
  {
    title: 'Metadata by topic id',
    code: topicDenied,
    rights: [['topic', 'describe']],
    ask: (client, { id }) => client.call(metadata, 12, { topics: [{ name: null, topicId: id }] }),
  },
  {
    title: 'OffsetCommit',
    code: groupDenied,
    rights: [
      ['group', 'read'],
      ['topic', 'read'],
    ],
    ask: (client, { name }) => client.call(offsetCommit, 9, { groupId: name, ...outsider, topics: committed(name) }),
  },
  ...[1, 2, 7].map((version): GuardedRequest => ({
    title: `OffsetFetch of version ${version}`,
    code: groupDenied,
    rights: [
      ['group', 'describe'],
      ['topic', 'describe'],
    ],
    ask: (client, { name }) =>
      client.call(offsetFetch, version, { groupId: name, topics: [{ name, partitionIndexes: [0] }] }),
  })),
  {
    title: 'OffsetFetch of several groups',
    code: groupDenied,
    rights: [
      ['group', 'describe'],
      ['topic', 'describe'],
    ],
    ask: (client, { name }) =>
      client.call(offsetFetch, 9, { groups: [{ groupId: name, topics: [{ name, partitionIndexes: [0] }] }] }),
  },
  ...[3, 4].flatMap((version): GuardedRequest[] => [
    {
      title: `FindCoordinator of a group, version ${version}`,
      code: groupDenied,
      rights: [['group', 'describe']],
      ask: (client, { name }) =>
        client.call(findCoordinator, version, { keyType: 0, key: name, coordinatorKeys: [name] }),
    },
    {
      title: `FindCoordinator of a transactional id, version ${version}`,
      code: transactionalIdDenied,
      rights: [['transactionalId', 'describe']],
      ask: (client, { name }) =>
        client.call(findCoordinator, version, { keyType: 1, key: name, coordinatorKeys: [name] }),
    },
  ]),
  {
    title: 'JoinGroup',
    code: groupDenied,
    rights: [['group', 'read']],
    ask: (client, { name }) => {
      const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
      return client.call(joinGroup, 7, {
        groupId: name,
        ...timeouts,
        memberId: '',
        protocolType: 'consumer',
        protocols,
      })
    },
  },
  {
    title: 'SyncGroup',
    code: groupDenied,
    rights: [['group', 'read']],
    ask: (client, { name }) => {
      const protocol = { protocolType: 'consumer', protocolName: 'range' }
      return client.call(syncGroup, 5, { groupId: name, ...member, ...protocol, assignments: [] })
    },
  },
  {
    title: 'Heartbeat',
    code: groupDenied,
    rights: [['group', 'read']],
    ask: (client, { name }) => client.call(heartbeat, 4, { groupId: name, ...member }),
  },
  {
    title: 'LeaveGroup',
    code: groupDenied,
    rights: [['group', 'read']],
    ask: (client, { name }) =>
      client.call(leaveGroup, 5, { groupId: name, members: [{ memberId: 'member', groupInstanceId: null }] }),
  },
  {
    title: 'ConsumerGroupHeartbeat',
    code: groupDenied,
    rights: [
      ['group', 'read'],
      ['topic', 'describe'],
    ],
    ask: (client, { name }) =>
      client.call(consumerGroupHeartbeat, 1, {
        groupId: name,
        memberId: 'one',
        memberEpoch: 0,
        rebalanceTimeoutMs: 1_000,
        subscribedTopicNames: [name],
        topicPartitions: [],
      }),
  },
  {
    title: 'StreamsGroupHeartbeat',
    code: groupDenied,
    rights: [
      ['group', 'read'],
      ['topic', 'describe'],
    ],
    ask: (client, { name }) => {
      const tasks = { activeTasks: [], standbyTasks: [], warmupTasks: [] }
      const request = { groupId: name, memberId: 'one', memberEpoch: 0, rebalanceTimeoutMs: 1_000, ...tasks }
      return client.call(streamsGroupHeartbeat, 0, { ...request, topology: topologyOf({ sourceTopics: [name] }) })
    },
  },
  {
    title: 'StreamsGroupDescribe',
    code: groupDenied,
    rights: [['group', 'describe']],
    ask: (client, { name }) => client.call(streamsGroupDescribe, 0, { groupIds: [name] }),
  },
  {
    title: 'ConsumerGroupDescribe',
    code: groupDenied,
    rights: [['group', 'describe']],
    ask: (client, { name }) => client.call(consumerGroupDescribe, 1, { groupIds: [name] }),
  },
  {
    title: 'DescribeGroups',
    code: groupDenied,
    rights: [['group', 'describe']],
    ask: (client, { name }) => client.call(describeGroups, 6, { groups: [name] }),
  },
  {
    title: 'DeleteGroups',
    code: groupDenied,
    rights: [['group', 'delete']],
    ask: (client, { name }) => client.call(deleteGroups, 2, { groupsNames: [name] }),
  },
  {
    title: 'OffsetDelete',
    code: groupDenied,
    rights: [
      ['group', 'delete'],
      ['topic', 'read'],
    ],
    ask: (client, { name }) =>
      client.call(offsetDelete, 0, { groupId: name, topics: [{ name, partitions: [{ partitionIndex }] }] }),
  },
  {
    title: 'CreateTopics',
    code: topicDenied,
    rights: [['topic', 'create']],
    ask: (client, { name }) => {
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
      return client.call(createTopics, 7, { topics: [topic], timeoutMs, validateOnly: true })
    },
  },
  {
    title: 'CreatePartitions',
    code: topicDenied,
    rights: [['topic', 'alter']],
    ask: (client, { name }) => {
      const topics = [{ name, count: 3, assignments: null }]
      return client.call(createPartitions, 3, { topics, timeoutMs, validateOnly: true })
    },
  },
  {
    title: 'DeleteTopics',
    code: topicDenied,
    rights: [['topic', 'delete']],
    ask: (client, { name }) => client.call(deleteTopics, 5, { topicNames: [name], timeoutMs }),
  },
  {
    title: 'DeleteTopics by id',
    code: topicDenied,
    rights: [['topic', 'delete']],
    ask: (client, { id }) => client.call(deleteTopics, 6, { topics: [{ name: null, topicId: id }], timeoutMs }),
  },
  {
    title: 'DeleteRecords',
    code: topicDenied,
    rights: [['topic', 'delete']],
    ask: (client, { name }) =>
      client.call(deleteRecords, 2, { topics: [{ name, partitions: [{ partitionIndex, offset: 0 }] }], timeoutMs }),
  },
  {
    title: 'DescribeProducers',
    code: topicDenied,
    rights: [['topic', 'read']],
    ask: (client, { name }) => client.call(describeProducers, 0, { topics: [{ name, partitionIndexes: [0] }] }),
  },
  {
    title: 'DescribeConfigs',
    code: topicDenied,
    rights: [['topic', 'describeConfigs']],
    ask: (client, { name }) => {
      const resources = [{ resourceType: 2, resourceName: name, configurationKeys: null }]
      return client.call(describeConfigs, 4, { resources })
    },
  },
  {
    title: 'AlterConfigs',
    code: topicDenied,
    rights: [['topic', 'alterConfigs']],
    ask: (client, { name }) => {
      const resources = [{ resourceType: 2, resourceName: name, configs: [] }]
      return client.call(alterConfigs, 2, { resources, validateOnly: true })
    },
  },
  {
    title: 'IncrementalAlterConfigs',
    code: topicDenied,
    rights: [['topic', 'alterConfigs']],
    ask: (client, { name }) => {
      const resources = [{ resourceType: 2, resourceName: name, configs: [] }]
      return client.call(incrementalAlterConfigs, 1, { resources, validateOnly: true })
    },
  },
  {
    title: 'InitProducerId',
    code: transactionalIdDenied,
    rights: [['transactionalId', 'write']],
    ask: (client, { name }) => client.call(initProducerId, 5, { transactionalId: name, transactionTimeoutMs: 60_000 }),
  },
  {
    title: 'AddPartitionsToTxn',
    code: transactionalIdDenied,
    rights: [
      ['transactionalId', 'write'],
      ['topic', 'write'],
    ],
    ask: (client, { name, producerId, producerEpoch }) =>
      client.call(addPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: name,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name, partitions: [0] }],
      }),
  },
  {
    title: 'AddPartitionsToTxn of brokers',
    code: clusterDenied,
    rights: [['cluster', 'clusterAction']],
    ask: (client, names) => {
      const topics = [{ name: names.name, partitions: [0] }]
      return client.call(addPartitionsToTxn, 4, { transactions: [{ ...identityOf(names), verifyOnly: true, topics }] })
    },
  },
  {
    title: 'AddOffsetsToTxn',
    code: transactionalIdDenied,
    rights: [
      ['transactionalId', 'write'],
      ['group', 'read'],
    ],
    ask: (client, names) => client.call(addOffsetsToTxn, 3, { ...identityOf(names), groupId: names.name }),
  },
  {
    title: 'TxnOffsetCommit',
    code: transactionalIdDenied,
    rights: [
      ['transactionalId', 'write'],
      ['group', 'read'],
      ['topic', 'read'],
    ],
    ask: (client, names) => {
      const { name } = names
      const request = { ...identityOf(names), groupId: name, ...outsider, topics: committed(name) }
      return client.call(txnOffsetCommit, 5, request)
    },
  },
  {
    title: 'EndTxn',
    code: transactionalIdDenied,
    rights: [['transactionalId', 'write']],
    ask: (client, names) => client.call(endTxn, 5, { ...identityOf(names), committed: true }),
  },
  {
    title: 'DescribeTransactions',
    code: transactionalIdDenied,
    rights: [['transactionalId', 'describe']],
    ask: (client, { name }) => client.call(describeTransactions, 0, { transactionalIds: [name] }),
  },
  {
    title: 'DescribeAcls',
    code: clusterDenied,
    rights: [['cluster', 'describe']],
    ask: (client) => client.call(describeAcls, 3, anyAcl),
  },
  {
    title: 'CreateAcls',
    code: clusterDenied,
    rights: [['cluster', 'alter']],
    ask: (client, { name }) => {
      const of = { resourceType: 2, resourceName: name, resourcePatternType: 3 }
      const acl = { ...of, principal: 'User:nobody', host: '*', operation: 3, permissionType: 3 }
      return client.call(createAcls, 3, { creations: [acl] })
    },
  },
  {
    title: 'DeleteAcls',
    code: clusterDenied,
    rights: [['cluster', 'alter']],
    ask: (client) => client.call(deleteAcls, 3, { filters: [anyAcl] }),
  },
]
