export { apis } from './apis.ts'
export { sendBatches } from './batch-sender.ts'
export { createMissingTopics, createTopics, deleteTopics } from './admin/topics.ts'
export { listOffsets } from './admin/list-offsets.ts'
export { setTopicConfigs, topicConfigs } from './admin/topic-configs.ts'
export { BrokerWaits } from './broker-waits.ts'
export { Cluster, type ClusterOptions, type Topic } from './cluster.ts'
export { Connection } from './connection.ts'
export { Fetcher, type FetchedResponse, receiveBytes } from './fetcher.ts'
export { countGroupMembers, deleteGroup } from './admin/groups.ts'
export type { GroupMember } from './group-member.ts'
export { LoopSigns } from './membership/loop-signs.ts'
export { Membership, type MembershipOptions } from './membership/membership.ts'
export { fetchGroupCommits, fetchGroupOffsets, type GroupCommit } from './admin/group-offsets.ts'
export {
  type OpenTransaction,
  openTransactionText,
  type TransactionWait,
  untilStable,
} from './admin/open-transactions.ts'
export { partitionForKey } from './partitioner.ts'
export { findMissingRights, grantsOf, type Right } from './admin/rights.ts'
export { withRetries } from './retry.ts'
export type { PasswordSasl, SaslOptions, TokenProvider, TokenSasl } from './sasl/options.ts'
export type { TlsOptions } from './tls.ts'
export { TransactionalProducer } from './transactional-producer.ts'
export { readTopic, topicRange, type TopicRange } from './topic-reader.ts'
