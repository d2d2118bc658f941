import { defineApi, type RequestContext } from '../api.ts'
import type { Cluster } from '../cluster.ts'
import { errorCode, type ErrorCode } from '../error-code.ts'
import type { Transaction } from '../transaction.ts'
import { array, defaulted, int16, int32, int64, string, struct } from '../wire/schema.ts'

export const describeTransactions = defineApi({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({ transactionalIds: array(string) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    transactionStates: array(
      struct({
        errorCode: int16,
        transactionalId: string,
        transactionState: defaulted(string, ''),
        transactionTimeoutMs: defaulted(int32, 0),
        transactionStartTimeMs: defaulted(int64, 0),
        producerId: defaulted(int64, 0),
        producerEpoch: defaulted(int16, 0),
        topics: array(struct({ topic: string, partitions: array(int32) })),
      }),
    ),
  }),
  handle({ transactionalIds }, context) {
    return { transactionStates: transactionalIds.map((transactionalId) => describe(transactionalId, context)) }
  },
})

function describe(transactionalId: string, { access, cluster, node }: RequestContext) {
  const refuse = (error: ErrorCode) => ({ errorCode: error, transactionalId, topics: [] })
  if (!access.transactionalId('describe', transactionalId)) {
    return refuse(errorCode.transactionalIdAuthorizationFailed)
  }
  if (transactionalId === '') return refuse(errorCode.invalidRequest)
  if (cluster.coordinatorOf({ kind: 'transaction', id: transactionalId }).id !== node.id) {
    return refuse(errorCode.notCoordinator)
  }
  const transaction = cluster.transactions.get(transactionalId)
  if (transaction === undefined) return refuse(errorCode.transactionalIdNotFound)
  const { state, timeoutMs, startedAtMs, producerId, epoch } = transaction
  return {
    errorCode: errorCode.none,
    transactionalId,
    transactionState: state,
    transactionTimeoutMs: timeoutMs,
    transactionStartTimeMs: startedAtMs,
    producerId,
    producerEpoch: epoch,
    topics: topicsOf(transaction, cluster).filter(({ topic }) => access.topic('describe', topic)),
  }
}

function topicsOf({ partitions }: Transaction, { topics }: Cluster) {
  if (partitions.size === 0) return []
  return Array.from(topics.all(), (topic) => ({
    topic: topic.name,
    partitions: topic.partitions.filter((partition) => partitions.has(partition)).map(({ index }) => index),
  })).filter((topic) => topic.partitions.length > 0)
}
