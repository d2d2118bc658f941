import { describeTransactions as api, type ErrorCode, errorCode } from '../../protocol/index.ts'
import { type RequestContext, serve } from '../served-api.ts'
import type { Cluster } from '../cluster.ts'
import type { Transaction } from '../transaction.ts'

export const describeTransactions = serve(api, {
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
