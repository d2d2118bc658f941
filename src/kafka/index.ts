export { apis } from './network/apis.ts'
export { sendBatches } from './produce/batch-sender.ts'
export { createMissingTopics, createTopics, deleteTopics, growTopic } from './admin/topics.ts'
export { deleteRecords } from './admin/delete-records.ts'
export { listOffsets } from './admin/list-offsets.ts'
export { setTopicConfigs, topicConfigs } from './admin/topic-configs.ts'
export { BrokerWaits, type WaitReport } from './cluster/broker-waits.ts'
export { Cluster, type ClusterOptions } from './cluster/cluster.ts'
export type { Topic } from './cluster/topic.ts'
export { Connection } from './network/connection.ts'
export { Fetcher, type FetchedResponse } from './fetch/fetcher.ts'
export { RecordRate } from './fetch/record-rate.ts'
export { receiveBytes } from './fetch/leader-loop.ts'
export { countGroupMembers, type ListedMember, listGroupMembers } from './admin/group-members.ts'
export { deleteGroup } from './admin/delete-group.ts'
export type { GroupMember } from './membership/group-member.ts'
export { LoopSigns } from './membership/loop-signs.ts'
export { Membership } from './membership/membership.ts'
export type { MembershipOptions } from './membership/membership-options.ts'
export { fetchGroupCommits, fetchGroupOffsets, type GroupCommit } from './admin/group-offsets.ts'
export {
  type OpenTransaction,
  openTransactionText,
  type TransactionWait,
  untilStable,
} from './admin/open-transactions.ts'
export { partitionForKey } from './produce/partitioner.ts'
export { findMissingRights, grantsOf, type Right } from './admin/rights.ts'
export { type TappedRequest, tapWires } from './network/wire-tap.ts'
export { withRetries } from './cluster/retry.ts'
export type { PasswordSasl, SaslOptions, TokenProvider, TokenSasl } from './sasl/options.ts'
export type { TlsOptions } from './network/tls.ts'
export { TransactionalProducer } from './transactions/transactional-producer.ts'
export { partitionsOf, type TopicPartition } from './fetch/topic-partition.ts'
export { readTopic, topicRange, type TopicRange } from './fetch/topic-reader.ts'
export { classicDriver } from './group-membership/classic-driver.ts'
export { consumerDriver } from './group-membership/consumer-driver.ts'
export type { GroupExchange, GroupRequest, MembershipDriver, Outcome } from './group-membership/membership-driver.ts'
export {
  type Ask,
  type MembershipAction,
  type MembershipEvent,
  type MembershipState,
  newMembership,
  type Task,
} from './group-membership/membership-state.ts'
export { nextMembershipState } from './group-membership/next-membership-state.ts'
export { streamsDriver } from './group-membership/streams-driver.ts'
export { streamsTopologyOf } from './group-membership/streams-topology.ts'
export { TaskMembership } from './group-membership/task-membership.ts'
export type { TaskMembershipOptions } from './group-membership/task-membership-options.ts'
export type { TaskProtocol, TaskTopics } from './group-membership/task-topics.ts'
