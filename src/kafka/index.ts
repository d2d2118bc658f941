export { usedVersions } from './api-versions.ts'
export { type ReadyBatch, sendBatches } from './batch-sender.ts'
export {
  createMissingTopics,
  createTopics,
  deleteTopics,
  listOffsets,
  type NewTopic,
  setTopicConfigs,
  topicConfigs,
} from './admin.ts'
export { BrokerWaits, type WaitReport, type Waits } from './broker-waits.ts'
export { Cluster, type ClusterOptions, type Topic } from './cluster.ts'
export { Connection, type ConnectionOptions } from './connection.ts'
export { Fetcher, type FetcherOptions, type FetchedResponse, receiveBytes } from './fetcher.ts'
export { countGroupMembers, deleteGroup } from './group-admin.ts'
export type { GroupMember } from './group-member.ts'
export { LoopSigns } from './membership/loop-signs.ts'
export { Membership, type MembershipOptions } from './membership/membership.ts'
export { commitOffsets, fetchGroupCommits, fetchGroupOffsets, type GroupCommit } from './offset-store.ts'
export { type OpenTransaction, openTransactionText, type TransactionWait, untilStable } from './open-transactions.ts'
export { partitionForKey } from './partitioner.ts'
export { Producer, type ProducerOptions } from './producer.ts'
export { findMissingRights, grantsOf, type Right } from './rights.ts'
export { withRetries } from './retry.ts'
export type { PasswordSasl, SaslOptions, TokenProvider, TokenSasl } from './sasl/options.ts'
export type { TlsOptions } from './tls.ts'
export { TransactionalProducer, type TransactionalProducerOptions } from './transactional-producer.ts'
export type { TopicOffsets } from './transaction-requests.ts'
export { readTopic, topicRange, type TopicRange } from './topic-reader.ts'
