import { errorCode, listOffsets as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { loadBatchCodec } from '../batch-codec.ts'
import type { Partition } from '../partition.ts'

/** Timestamps that are questions of another kind. */
const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6

/** The versions since which they may be asked. */
const askedSince = new Map([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
])

const readCommitted = 1

export const listOffsets = serve(api, {
  async handle({ isolationLevel, topics }, { access, cluster, node, version }) {
    const answer = async (
      name: string,
      { partitionIndex, timestamp }: { partitionIndex: number; timestamp: number },
    ) => {
      if (!access.topic('describe', name)) return { partitionIndex, errorCode: errorCode.topicAuthorizationFailed }
      const partition = cluster.topics.partition(name, partitionIndex)
      if (partition === undefined) return { partitionIndex, errorCode: errorCode.unknownTopicOrPartition }
      if (partition.leaderId !== node.id) return { partitionIndex, errorCode: errorCode.notLeaderOrFollower }
      if (timestamp < 0 && version < (askedSince.get(timestamp) ?? Infinity)) {
        return { partitionIndex, errorCode: errorCode.unsupportedVersion }
      }
      const endOffset = isolationLevel === readCommitted ? partition.lastStableOffset : partition.highWatermark
      const place = await find(partition, timestamp, endOffset)
      return {
        partitionIndex,
        errorCode: errorCode.none,
        ...place,
        leaderEpoch: place.offset < 0 ? -1 : partition.leaderEpoch,
      }
    }
    const answers = topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(partitions.map((asked) => answer(name, asked))),
    }))
    return { topics: await Promise.all(answers) }
  },
})

interface Place {
  readonly offset: number
  readonly timestamp: number
}

const nowhere: Place = { offset: -1, timestamp: -1 }

/** A place that a reader may not know yet is nowhere. */
function before(endOffset: number, place: Place | undefined): Place {
  return place !== undefined && place.offset < endOffset ? place : nowhere
}

async function find({ log }: Partition, timestamp: number, endOffset: number): Promise<Place> {
  switch (timestamp) {
    case latest:
      return { offset: endOffset, timestamp: -1 }
    case earliest:
    case earliestLocal:
      return { offset: log.startOffset, timestamp: -1 }
    case maxTimestamp:
      return before(endOffset, log.newestRecord((await loadBatchCodec()).open))
    // Nothing is ever moved to another tier.
    case latestTiered:
    case earliestPendingUpload:
      return nowhere
    default:
      return log.firstRecordAt(timestamp, endOffset, (await loadBatchCodec()).open) ?? nowhere
  }
}
