/** Kafka's protocol as data: each API once, in all versions that are implemented, for client and broker alike. */
export { addOffsetsToTxn } from './apis/add-offsets-to-txn.ts'
export { addPartitionsToTxn } from './apis/add-partitions-to-txn.ts'
export { alterClientQuotas } from './apis/alter-client-quotas.ts'
export { alterConfigs } from './apis/alter-configs.ts'
export { apiVersions } from './apis/api-versions.ts'
export { consumerGroupDescribe } from './apis/consumer-group-describe.ts'
export { consumerGroupHeartbeat } from './apis/consumer-group-heartbeat.ts'
export { createAcls } from './apis/create-acls.ts'
export { createPartitions } from './apis/create-partitions.ts'
export { createTopics } from './apis/create-topics.ts'
export { deleteAcls } from './apis/delete-acls.ts'
export { deleteGroups } from './apis/delete-groups.ts'
export { deleteRecords } from './apis/delete-records.ts'
export { deleteTopics } from './apis/delete-topics.ts'
export { describeAcls } from './apis/describe-acls.ts'
export { brokerEndpoint, describeCluster } from './apis/describe-cluster.ts'
export { describeConfigs } from './apis/describe-configs.ts'
export { describeGroups } from './apis/describe-groups.ts'
export { describeProducers } from './apis/describe-producers.ts'
export { describeTransactions } from './apis/describe-transactions.ts'
export { endTxn } from './apis/end-txn.ts'
export { fetch } from './apis/fetch.ts'
export { findCoordinator } from './apis/find-coordinator.ts'
export { heartbeat } from './apis/heartbeat.ts'
export { incrementalAlterConfigs } from './apis/incremental-alter-configs.ts'
export { initProducerId } from './apis/init-producer-id.ts'
export { joinGroup } from './apis/join-group.ts'
export { leaveGroup } from './apis/leave-group.ts'
export { listGroups } from './apis/list-groups.ts'
export { listOffsets } from './apis/list-offsets.ts'
export { listTransactions } from './apis/list-transactions.ts'
export { metadata } from './apis/metadata.ts'
export { offsetCommit } from './apis/offset-commit.ts'
export { offsetDelete } from './apis/offset-delete.ts'
export { offsetFetch } from './apis/offset-fetch.ts'
export { produce } from './apis/produce.ts'
export { saslAuthenticate } from './apis/sasl-authenticate.ts'
export { saslHandshake } from './apis/sasl-handshake.ts'
export { streamsGroupDescribe } from './apis/streams-group-describe.ts'
export { streamsGroupHeartbeat } from './apis/streams-group-heartbeat.ts'
export { syncGroup } from './apis/sync-group.ts'
export { txnOffsetCommit } from './apis/txn-offset-commit.ts'
export { operationsUnknown } from './apis/authorized-operations.ts'
export { type Api, type RequestInputOf, type RequestOf, type ResponseInputOf, type ResponseOf, within } from './api.ts'
export {
  consumerAssignment,
  consumerSubscription,
  decodeConsumerMessage,
  encodeConsumerMessage,
} from './consumer-protocol.ts'
export { readInt64, writeInt64 } from './int64.ts'
export { MalformedMessage, Reader } from './reader.ts'
export { type InputOf, int16, int32, struct, type Type, type ValueOf, zeroUuid } from './schema.ts'
export {
  decodeScramName,
  encodeScramName,
  exclusiveOr,
  type ScramHash,
  scramIterationsMin,
  scramKeyBytes,
  scramKeys,
  scramSignature,
} from './scram.ts'
export { Writer } from './writer.ts'
export { errorCode, type ErrorCode, errorCodeNamed, errorFields, errorName, isRetriable } from './error-code.ts'
export { decodeResponse, encodeRequest } from './message.ts'
