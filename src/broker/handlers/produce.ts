import { type ErrorCode, errorCode, produce as api } from '../../protocol/index.ts'
import { type RequestContext, serve } from '../served-api.ts'
import { type BatchCodec, codecs, loadBatchCodec, plainCodec } from '../batch-codec.ts'
import { batchHeader, checkProduced, headerBytes } from '../batch.ts'
import type { Cluster } from '../cluster.ts'
import type { Partition } from '../partition.ts'
import { codecOf, prepareBatch, type RefusedBatch } from '../produced-batch.ts'
import type { Topic } from '../topics.ts'

const zstdSinceVersion = 7
const abortableSinceVersion = 11
const implicitSinceVersion = 12

export const produce = serve(api, {
  handle(request, context) {
    const { topics } = context.cluster
    const { access } = context
    const isAcksValid = request.acks >= -1 && request.acks <= 1
    const { transactionalId } = request
    const mayTransact = transactionalId !== null && access.transactionalId('write', transactionalId)
    const isDenied = !mayTransact && request.topicData.some((asked) => asked.partitionData.some(isTransactional))
    const isById = context.version >= 13
    const find = ({ name, topicId }: { name: string; topicId: string }) =>
      isById ? topics.getById(topicId) : topics.get(name)
    const appendAll = (codec: BatchCodec) => {
      const responses = request.topicData.map(({ name, topicId, partitionData }) => {
        const topic = find({ name, topicId })
        const append = (index: number, batch: Buffer | null): Appended => {
          if (!isAcksValid) return { errorCode: errorCode.invalidRequiredAcks }
          if (isDenied) return { errorCode: errorCode.transactionalIdAuthorizationFailed }
          if (isById && topic === undefined) return { errorCode: errorCode.unknownTopicId }
          if (!access.topic('write', topic?.name ?? name)) return { errorCode: errorCode.topicAuthorizationFailed }
          if (topic === undefined) return { errorCode: unknownTopic }
          return appendTo(topic, index, batch, transactionalId, codec, context)
        }
        const partitionResponses = partitionData.map(({ index, records }) => ({ index, ...append(index, records) }))
        return { name, topicId, partitionResponses }
      })
      const throttleTimeMs = throttle(request.topicData, context)
      return request.acks === 0 ? undefined : { responses, throttleTimeMs }
    }
    const isPlain = request.topicData.every(
      (asked) => !compresses(find(asked)) && !asked.partitionData.some(isCompressed),
    )
    return isPlain ? appendAll(plainCodec) : loadBatchCodec().then(appendAll)
  },
})

const unknownTopic = errorCode.unknownTopicOrPartition

/** Has a client that has used up its quota wait, and returns for how long, in milliseconds. */
function throttle(
  topicData: readonly { readonly partitionData: readonly PartitionData[] }[],
  { cluster, clientId, ...context }: RequestContext,
): number {
  let bytes = 0
  for (const { partitionData } of topicData) for (const { records } of partitionData) bytes += records?.length ?? 0
  const throttleMs = cluster.produceQuotas.record(clientId, bytes)
  if (throttleMs > 0) context.throttle(throttleMs)
  return throttleMs
}

interface Appended {
  readonly errorCode: number
  readonly baseOffset?: number
  readonly logAppendTimeMs?: number
  readonly logStartOffset?: number
  readonly recordErrors?: RefusedBatch['recordErrors']
  readonly errorMessage?: string | null
}

interface PartitionData {
  readonly records: Buffer | null
}

function isCompressed({ records: batch }: PartitionData): boolean {
  return batch !== null && batch.length >= headerBytes && batchHeader.compression(batch, 0) !== 0
}

/** Whether a topic has a codec of its own. */
function compresses(topic: Topic | undefined): boolean {
  return topic !== undefined && (codecOf(topic.config) ?? codecs.none) !== codecs.none
}

function isTransactional({ records: batch }: PartitionData): boolean {
  return batch !== null && batch.length >= headerBytes && batchHeader.isTransactional(batch, 0)
}

function appendTo(
  topic: Topic,
  index: number,
  batch: Buffer | null,
  transactionalId: string | null,
  codec: BatchCodec,
  { cluster, node, clock, version }: RequestContext,
): Appended {
  const partition = topic.partitions[index]
  if (partition === undefined) return { errorCode: unknownTopic }
  if (partition.leaderId !== node.id) return { errorCode: errorCode.notLeaderOrFollower }
  const fault = checkProduced(batch, {
    sizeBytesMax: topic.config.number('max.message.bytes'),
    zstdAllowed: version >= zstdSinceVersion,
  })
  if (fault !== errorCode.none) return { errorCode: fault }
  const isInTransaction = batchHeader.isTransactional(batch!, 0)
  if (isInTransaction) {
    const refusal = admit(partition, batch!, transactionalId!, cluster, version)
    if (refusal !== errorCode.none) return { errorCode: refusal }
  }
  const logStartOffset = partition.log.startOffset
  const prepared = prepareBatch(batch!, { topic, index, nowMs: clock.nowMs(), codec })
  if (!Buffer.isBuffer(prepared)) return { ...prepared, logStartOffset }
  const result = partition.append(prepared, isInTransaction && version >= implicitSinceVersion)
  if (!('baseOffset' in result)) return { errorCode: result.error, errorMessage: result.message ?? null }
  const { error, baseOffset, logAppendTimeMs } = result
  return { errorCode: error, baseOffset, logAppendTimeMs, logStartOffset }
}

/**
 * Lets a batch into its transaction: the batch takes its partition in itself (version 2), or the partition has to be
 * in.
 */
function admit(
  partition: Partition,
  batch: Buffer,
  transactionalId: string,
  { transactions }: Cluster,
  version: number,
): ErrorCode {
  const producerId = batchHeader.producerId(batch, 0)
  const epoch = batchHeader.producerEpoch(batch, 0)
  if (partition.isInTransaction(producerId, epoch)) return errorCode.none
  const identity = { transactionalId, producerId, epoch }
  const isImplicit = version >= implicitSinceVersion
  const error = isImplicit
    ? transactions.addPartitions(identity, [partition])
    : transactions.verifyPartition(identity, partition)
  // What Produce calls a producer that was fenced.
  if (error === errorCode.producerFenced) return errorCode.invalidProducerEpoch
  // Older clients wait and try again for any reason but this.
  if (error === errorCode.concurrentTransactions && !isImplicit) return errorCode.notEnoughReplicas
  if (error === errorCode.transactionAbortable && version < abortableSinceVersion) return errorCode.invalidTxnState
  return error
}
