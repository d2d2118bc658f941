export { apis } from './network/apis.ts'
export { sendBatches } from './produce/batch-sender.ts'
export { createMissingTopics, createTopics, deleteTopics } from './admin/topics.ts'
export { listOffsets } from './admin/list-offsets.ts'
export { setTopicConfigs, topicConfigs } from './admin/topic-configs.ts'
export { BrokerWaits, type WaitReport } from './cluster/broker-waits.ts'
export { Cluster, type ClusterOptions, type Topic } from './cluster/cluster.ts'
export { Connection } from './network/connection.ts'
export { Fetcher, type FetchedResponse } from './fetch/fetcher.ts'
export { receiveBytes } from './fetch/leader-loop.ts'
export { countGroupMembers, deleteGroup, listGroupMembers } from './admin/groups.ts'
export type { GroupMember } from './membership/group-member.ts'
export { LoopSigns } from './membership/loop-signs.ts'
export { Membership, type MembershipOptions } from './membership/membership.ts'
export { fetchGroupCommits, fetchGroupOffsets, type GroupCommit } from './admin/group-offsets.ts'
export {
  type OpenTransaction,
  openTransactionText,
  type TransactionWait,
  untilStable,
} from './admin/open-transactions.ts'
export { partitionForKey } from './produce/partitioner.ts'
export { findMissingRights, grantsOf, type Right } from './admin/rights.ts'
export { withRetries } from './cluster/retry.ts'
export type { PasswordSasl, SaslOptions, TokenProvider, TokenSasl } from './sasl/options.ts'
export type { TlsOptions } from './network/tls.ts'
export { TransactionalProducer } from './transactions/transactional-producer.ts'
export { readTopic, topicRange, type TopicRange } from './fetch/topic-reader.ts'
