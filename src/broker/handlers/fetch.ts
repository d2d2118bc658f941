import { errorCode, type ErrorCode, fetch as api, type RequestOf } from '../../protocol/index.ts'
import type { AbortedTransaction } from '../aborted-transaction.ts'
import { type RequestContext, serve } from '../served-api.ts'
import type { PartitionFound, WantedPartition } from '../fetch-session.ts'
import type { Partition } from '../partition.ts'

const readCommitted = 1
const anyEpoch = -1
const byIdSinceVersion = 13

export const fetch = serve(api, {
  handle(request, context) {
    const isById = context.version >= byIdSinceVersion
    const { forgottenTopicsData: forgotten } = request
    const opened = context.cluster.fetchSessions.open({ ...request, isById, wanted: wantedBy(request), forgotten })
    if (typeof opened === 'number') return { errorCode: opened, responses: [] }
    const { wanted } = opened
    const answer = (found: readonly PartitionResult[]) => {
      const { sessionId, results } = opened.tell(found)
      return { errorCode: errorCode.none, sessionId, responses: byTopic(results) }
    }
    const { results, isEnough } = read(wanted, request, context)
    if (isEnough || request.maxWaitMs <= 0) return answer(results)
    return grown(wanted, request, context).then(answer)
  },
})

type Request = RequestOf<typeof api>

interface PartitionResult extends PartitionFound {
  readonly lastStableOffset?: number
  readonly abortedTransactions?: AbortedTransaction[]
}

function wantedBy({ topics }: Request): WantedPartition[] {
  return topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(({ partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes }) => ({
      topic,
      topicId,
      partition,
      currentLeaderEpoch,
      fetchOffset,
      partitionMaxBytes,
    })),
  )
}

/** Puts neighbours of one topic together. */
function byTopic(results: readonly PartitionResult[]) {
  const topics: { topic: string; topicId: string; partitions: PartitionResult[] }[] = []
  for (const result of results) {
    const last = topics.at(-1)
    if (last?.topic === result.topic && last.topicId === result.topicId) last.partitions.push(result)
    else topics.push({ topic: result.topic, topicId: result.topicId, partitions: [result] })
  }
  return topics
}

/** Reads what is there now, and says whether that is worth an answer. */
function read(wanted: readonly WantedPartition[], request: Request, context: RequestContext) {
  const { cluster, node, access, version } = context
  const isById = version >= byIdSinceVersion
  const isCommitted = request.isolationLevel === readCommitted
  let sizeBytesLeft = request.maxBytes
  let availableBytes = 0
  let isFailed = false

  const readPartition = (asked: WantedPartition): PartitionResult => {
    const { topic: name, topicId, partition: partitionIndex, fetchOffset, partitionMaxBytes } = asked
    const topic = isById ? cluster.topics.getById(topicId) : cluster.topics.get(name)
    const partition = topic?.partitions[partitionIndex]
    const place = { topic: name, topicId, partitionIndex }
    const isUnknown = isById && topic === undefined
    if (!isUnknown && !access.topic('read', topic?.name ?? name)) {
      isFailed = true
      return { ...place, errorCode: errorCode.topicAuthorizationFailed, abortedTransactions: [], records: [] }
    }
    const missing = isUnknown ? errorCode.unknownTopicId : errorCode.unknownTopicOrPartition
    const error = partition === undefined ? missing : faultOf(asked, partition, node.id)
    if (partition === undefined || error !== errorCode.none) {
      isFailed = true
      return { ...place, errorCode: error, records: [] }
    }
    const { highWatermark, lastStableOffset, log } = partition
    const endOffset = isCommitted ? lastStableOffset : highWatermark
    // A batch larger than every limit must still get through, else its reader would never move on.
    const anySizeFirst = sizeBytesLeft === request.maxBytes
    const sizeBytesMax = Math.min(partitionMaxBytes, sizeBytesLeft)
    const slice = log.read(fetchOffset, { endOffset, sizeBytesMax, anySizeFirst })
    sizeBytesLeft -= slice?.bytes.length ?? 0
    availableBytes += Math.min(partitionMaxBytes, log.bytesBetween(fetchOffset, endOffset))
    return {
      ...place,
      errorCode: errorCode.none,
      highWatermark,
      lastStableOffset,
      logStartOffset: log.startOffset,
      ...(isCommitted && {
        abortedTransactions: partition.abortedBetween(fetchOffset, slice?.endOffset ?? fetchOffset),
      }),
      records: slice === undefined ? [] : [slice.bytes],
    }
  }

  const results = wanted.map(readPartition)
  return { results, isEnough: isFailed || wanted.length === 0 || availableBytes >= request.minBytes }
}

function faultOf(
  { currentLeaderEpoch, fetchOffset }: WantedPartition,
  { leaderId, leaderEpoch, log }: Partition,
  nodeId: number,
): ErrorCode {
  if (currentLeaderEpoch !== anyEpoch && currentLeaderEpoch < leaderEpoch) return errorCode.fencedLeaderEpoch
  if (currentLeaderEpoch > leaderEpoch) return errorCode.unknownLeaderEpoch
  if (leaderId !== nodeId) return errorCode.notLeaderOrFollower
  return fetchOffset < log.startOffset || fetchOffset > log.endOffset ? errorCode.offsetOutOfRange : errorCode.none
}

/** Waits until there is enough to read, the client's patience ends or the client is gone, and reads again. */
function grown(
  wanted: readonly WantedPartition[],
  request: Request,
  context: RequestContext,
): Promise<PartitionResult[]> {
  const { cluster, clock, closed, version } = context
  return new Promise((resolve) => {
    let isLooking = false
    // One produce request touches many partitions: they are looked at once, after it.
    const lookAgain = () => {
      if (isLooking) return
      isLooking = true
      queueMicrotask(() => {
        isLooking = false
        const { results, isEnough } = read(wanted, request, context)
        if (isEnough) finish(results)
      })
    }
    const finish = (results = read(wanted, request, context).results) => {
      for (const unwatch of watches) unwatch()
      timer.cancel()
      closed.removeEventListener('abort', giveUp)
      resolve(results)
    }
    const giveUp = () => finish()

    const watches = wanted.flatMap(({ topic: name, topicId, partition }) => {
      const topic = version >= byIdSinceVersion ? cluster.topics.getById(topicId) : cluster.topics.get(name)
      return topic?.partitions[partition]?.watch(lookAgain) ?? []
    })
    const timer = clock.setTimer({ afterMs: request.maxWaitMs, background: true }, giveUp)
    closed.addEventListener('abort', giveUp)
  })
}
