import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  apiVersions,
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  createPartitions,
  createTopics,
  deleteGroups,
  deleteRecords,
  deleteTopics,
  describeConfigs,
  describeGroups,
  describeProducers,
  endTxn,
  fetch,
  findCoordinator,
  heartbeat,
  incrementalAlterConfigs,
  initProducerId,
  joinGroup,
  leaveGroup,
  listOffsets,
  listTransactions,
  metadata,
  offsetFetch,
  produce,
  saslAuthenticate,
  saslHandshake,
  streamsGroupDescribe,
  streamsGroupHeartbeat,
  syncGroup,
  txnOffsetCommit,
  within,
} from '../../protocol/index.ts'

/** What every program asks of brokers, in the versions that it can be content with. */
export const neededApis = {
  produce: within(produce, 9, 11),
  /** By topic id, so that a topic that was created anew under its name is noticed. */
  fetch: within(fetch, 13, 18),
  listOffsets: within(listOffsets, 7, 11),
  metadata: within(metadata, 12, 13),
  offsetFetch: within(offsetFetch, 8, 9),
  findCoordinator: within(findCoordinator, 4, 6),
  /** Of static members, of whom a leader that comes again is told to assign nothing. */
  joinGroup: within(joinGroup, 9, 9),
  heartbeat: within(heartbeat, 4, 4),
  leaveGroup: within(leaveGroup, 5, 5),
  syncGroup: within(syncGroup, 5, 5),
  describeGroups: within(describeGroups, 5, 5),
  /** In the version that every broker answers, and whose answer tells the others. */
  versions: within(apiVersions, 0, 0),
  features: within(apiVersions, 3, 4),
  createTopics: within(createTopics, 7, 7),
  initProducerId: within(initProducerId, 4, 5),
  endTxn: within(endTxn, 3, 4),
  describeConfigs: within(describeConfigs, 4, 4),
}

/** What some programs ask, by their settings or by what the brokers have finalised, and what commands do. */
const furtherApis = {
  saslHandshake: within(saslHandshake, 1, 1),
  saslAuthenticate: within(saslAuthenticate, 2, 2),
  incrementalAlterConfigs: within(incrementalAlterConfigs, 1, 1),
  /** Transactions of version 1 (KIP-98), in which partitions and groups have to be announced. */
  addPartitionsToTxn: within(addPartitionsToTxn, 3, 3),
  addOffsetsToTxn: within(addOffsetsToTxn, 3, 4),
  txnOffsetCommit: within(txnOffsetCommit, 3, 4),
  /** Transactions of version 2 (KIP-890), which these versions stand for. */
  joiningProduce: within(produce, 12, 12),
  joiningTxnOffsetCommit: within(txnOffsetCommit, 5, 5),
  advancingEndTxn: within(endTxn, 5, 5),
  createPartitions: within(createPartitions, 3, 3),
  deleteTopics: within(deleteTopics, 6, 6),
  deleteRecords: within(deleteRecords, 2, 2),
  deleteGroups: within(deleteGroups, 2, 2),
  describeProducers: within(describeProducers, 0, 0),
  listTransactions: within(listTransactions, 0, 2),
  /** Groups whose broker shares out the work (KIP-848, KIP-1071). */
  consumerGroupHeartbeat: within(consumerGroupHeartbeat, 0, 1),
  consumerGroupDescribe: within(consumerGroupDescribe, 0, 1),
  streamsGroupHeartbeat: within(streamsGroupHeartbeat, 0, 0),
  streamsGroupDescribe: within(streamsGroupDescribe, 0, 0),
}

/** All that Millrace sends: nothing else leaves a connection. */
export const apis = { ...neededApis, ...furtherApis }
