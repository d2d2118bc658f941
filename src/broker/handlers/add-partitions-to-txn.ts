import { addPartitionsToTxn as api, type ErrorCode, errorCode } from '../../protocol/index.ts'
import { type RequestContext, serve } from '../served-api.ts'
import { ofTransaction } from '../coordinators.ts'
import type { ProducerIdentity } from '../transactions.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 2

export const addPartitionsToTxn = serve(api, {
  denied({ v3AndBelowTransactionalId: transactionalId, v3AndBelowTopics: topics }, { access, version }) {
    if (version >= 4) {
      return access.cluster('clusterAction') ? undefined : { errorCode: errorCode.clusterAuthorizationFailed }
    }
    if (access.transactionalId('write', transactionalId)) return undefined
    return { resultsByTopicV3AndBelow: refuseAll(topics, errorCode.transactionalIdAuthorizationFailed) }
  },
  // Later versions come from other brokers, for several transactions at once.
  coordinatedBy: ({ transactions, v3AndBelowTransactionalId: transactionalId }) =>
    transactions.length > 0 ? undefined : ofTransaction({ transactionalId }),
  handle(request, context) {
    if (context.version < 4) {
      const {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: epoch,
        v3AndBelowTopics: topics,
      } = request
      return { resultsByTopicV3AndBelow: add(context, { transactionalId, producerId, epoch }, topics, false) }
    }
    return {
      resultsByTransaction: request.transactions.map((transaction) => ({
        transactionalId: transaction.transactionalId,
        topicResults: add(context, identityOf(transaction), transaction.topics, transaction.verifyOnly),
      })),
    }
  },
})

function identityOf(request: { transactionalId: string; producerId: number; producerEpoch: number }): ProducerIdentity {
  return { ...request, epoch: request.producerEpoch }
}

interface NamedPartitions {
  readonly name: string
  readonly partitions: number[]
}

function refuseAll(wanted: readonly NamedPartitions[], error: ErrorCode) {
  return wanted.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: error })),
  }))
}

/** Adds all partitions, or none when one of them is not there. */
function add(
  { access, cluster: { topics, transactions }, version }: RequestContext,
  identity: ProducerIdentity,
  wanted: NamedPartitions[],
  isVerification: boolean,
) {
  const found = wanted.flatMap(({ name, partitions }) => partitions.map((index) => topics.partition(name, index)))
  const partitions = found.filter((partition) => partition !== undefined)
  // Later versions come from brokers, who have looked at that.
  const mayWrite = (name: string) => version >= 4 || access.topic('write', name)
  const isComplete = partitions.length === found.length && wanted.every(({ name }) => mayWrite(name))
  const error = isVerification || !isComplete ? errorCode.none : transactions.addPartitions(identity, partitions)
  const errorOf = (name: string, index: number): ErrorCode => {
    if (!mayWrite(name)) return errorCode.topicAuthorizationFailed
    const partition = topics.partition(name, index)
    if (partition === undefined) return errorCode.unknownTopicOrPartition
    if (isVerification) return transactions.verifyPartition(identity, partition)
    return isComplete ? fencedProducerError(error, version, fencedSinceVersion) : errorCode.operationNotAttempted
  }
  return wanted.map(({ name, partitions: indexes }) => ({
    name,
    resultsByPartition: indexes.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }))
}
