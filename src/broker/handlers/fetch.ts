import { defineApi, type RequestContext } from '../api.ts'
import { errorCode, type ErrorCode } from '../error-code.ts'
import type { Partition } from '../partition.ts'
import {
  array,
  defaulted,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableString,
  records,
  since,
  string,
  struct,
  tagged,
  until,
  uuid,
  type ValueOf,
  versions,
  zeroUuid,
} from '../wire/schema.ts'

const readCommitted = 1
const anyEpoch = -1

const request = struct({
  clusterId: tagged(0, 12, nullableString, null),
  replicaId: until(14, int32, -1),
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: int32,
  isolationLevel: int8,
  sessionId: since(7, int32, 0),
  sessionEpoch: since(7, int32, -1),
  topics: array(
    struct({
      topic: until(12, string, ''),
      topicId: since(13, uuid, zeroUuid),
      partitions: array(
        struct({
          partition: int32,
          currentLeaderEpoch: since(9, int32, anyEpoch),
          fetchOffset: int64,
          lastFetchedEpoch: since(12, int32, -1),
          logStartOffset: since(5, int64, -1),
          partitionMaxBytes: int32,
        }),
      ),
    }),
  ),
  forgottenTopics: since(
    7,
    array(struct({ topic: versions(7, 12, string, ''), topicId: since(13, uuid, zeroUuid), partitions: array(int32) })),
    [],
  ),
  rackId: since(11, string, ''),
})

export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleSince: 12,
  request,
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: since(7, int16, 0),
    sessionId: since(7, int32, 0),
    responses: array(
      struct({
        topic: until(12, string, ''),
        topicId: since(13, uuid, zeroUuid),
        partitions: array(
          struct({
            partitionIndex: int32,
            errorCode: int16,
            highWatermark: defaulted(int64, -1),
            lastStableOffset: defaulted(int64, -1),
            logStartOffset: since(5, int64, -1),
            abortedTransactions: defaulted(nullableArray(struct({ producerId: int64, firstOffset: int64 })), null),
            preferredReadReplica: since(11, int32, -1),
            records,
          }),
        ),
      }),
    ),
  }),
  handle(request, context) {
    // A session id of 0 tells the client that the broker keeps none, so it goes on naming every partition.
    if (request.sessionId !== 0) return { errorCode: errorCode.fetchSessionIdNotFound, responses: [] }
    const result = read(request, context)
    if (result.isEnough || request.maxWaitMs <= 0) return result
    return grown(request, context)
  },
})

type Request = ValueOf<typeof request>
type RequestedTopic = Request['topics'][number]
type RequestedPartition = RequestedTopic['partitions'][number]

interface PartitionResult {
  readonly partitionIndex: number
  readonly errorCode: ErrorCode
  readonly records: Buffer[]
}

/** Reads what is there now, and says whether that is worth an answer. */
function read(request: Request, { cluster, version }: RequestContext) {
  const isCommitted = request.isolationLevel === readCommitted
  let sizeBytesLeft = request.maxBytes
  let availableBytes = 0
  let isFailed = false

  const readPartition = (
    wanted: RequestedPartition,
    partition: Partition | undefined,
    missing: ErrorCode,
  ): PartitionResult => {
    const { partition: partitionIndex, fetchOffset, partitionMaxBytes } = wanted
    const error = partition === undefined ? missing : faultOf(wanted, partition)
    if (partition === undefined || error !== errorCode.none) {
      isFailed = true
      return { partitionIndex, errorCode: error, records: [] }
    }
    const endOffset = isCommitted ? partition.lastStableOffset : partition.highWatermark
    // A batch larger than every limit must still get through, else its reader would never move on.
    const anySizeFirst = sizeBytesLeft === request.maxBytes
    const sizeBytesMax = Math.min(partitionMaxBytes, sizeBytesLeft)
    const slice = partition.log.read(fetchOffset, { endOffset, sizeBytesMax, anySizeFirst })
    sizeBytesLeft -= slice?.bytes.length ?? 0
    availableBytes += Math.min(partitionMaxBytes, partition.log.bytesBetween(fetchOffset, endOffset))
    return {
      partitionIndex,
      errorCode: errorCode.none,
      ...placesOf(partition),
      ...(isCommitted && {
        abortedTransactions: partition.abortedBetween(fetchOffset, slice?.endOffset ?? fetchOffset),
      }),
      records: slice === undefined ? [] : [slice.bytes],
    }
  }

  const responses = request.topics.map(({ topic: name, topicId, partitions }) => {
    const isById = version >= 13
    const topic = isById ? cluster.topics.getById(topicId) : cluster.topics.get(name)
    const missing = isById && topic === undefined ? errorCode.unknownTopicId : errorCode.unknownTopicOrPartition
    return {
      topic: name,
      topicId,
      partitions: partitions.map((p) => readPartition(p, topic?.partitions[p.partition], missing)),
    }
  })
  return { responses, isEnough: isFailed || availableBytes >= request.minBytes }
}

function placesOf({ highWatermark, lastStableOffset, log }: Partition) {
  return { highWatermark, lastStableOffset, logStartOffset: log.startOffset }
}

function faultOf({ currentLeaderEpoch, fetchOffset }: RequestedPartition, { leaderEpoch, log }: Partition): ErrorCode {
  if (currentLeaderEpoch !== anyEpoch && currentLeaderEpoch < leaderEpoch) return errorCode.fencedLeaderEpoch
  if (currentLeaderEpoch > leaderEpoch) return errorCode.unknownLeaderEpoch
  return fetchOffset < log.startOffset || fetchOffset > log.endOffset ? errorCode.offsetOutOfRange : errorCode.none
}

/** Waits until there is enough to read, the client's patience ends or the client is gone, and reads again. */
function grown(request: Request, context: RequestContext): Promise<ReturnType<typeof read>> {
  const { cluster, clock, closed, version } = context
  return new Promise((resolve) => {
    let isLooking = false
    // One produce request touches many partitions: they are looked at once, after it.
    const lookAgain = () => {
      if (isLooking) return
      isLooking = true
      queueMicrotask(() => {
        isLooking = false
        const result = read(request, context)
        if (result.isEnough) finish(result)
      })
    }
    const finish = (result = read(request, context)) => {
      for (const unwatch of watches) unwatch()
      timer.cancel()
      closed.removeEventListener('abort', giveUp)
      resolve(result)
    }
    const giveUp = () => finish()

    const watches = request.topics.flatMap(({ topic: name, topicId, partitions }) => {
      const topic = version >= 13 ? cluster.topics.getById(topicId) : cluster.topics.get(name)
      return partitions.flatMap((p) => topic?.partitions[p.partition]?.watch(lookAgain) ?? [])
    })
    const timer = clock.setTimer({ afterMs: request.maxWaitMs, background: true }, giveUp)
    closed.addEventListener('abort', giveUp)
  })
}
