import { type Cluster, readTopic, type Topic, type TopicRange, topicRange } from '../../kafka/index.ts'
import { BatchReader, type FetchedPartition, RecordColumns } from '../../kernel/index.ts'

export interface RecordRequest {
  cluster: Cluster
  topic: Topic
  /** @defaultValue all that the topic has now, open transactions included, whose ends are waited for */
  range?: TopicRange | undefined
  /** Whether it must not wait behind other fetches. @defaultValue false */
  isUrgent?: boolean
  /** Bytes that one compressed record batch may open to. @defaultValue 64 MiB */
  decompressedBytesMax?: number
}

/** Sees to records. Where it has not seen to all of them it says from which offset to go on. */
export type RecordVisit = (columns: RecordColumns) => Visited | Promise<Visited>

// oxlint-disable-next-line no-invalid-void-type
type Visited = { readonly fromOffset: number } | undefined | void

/**
 * Gives on the records of a range of a topic that a `read_committed` consumer would see, and perhaps some after it, in
 * the order of each partition. The columns are valid until `visit` has ended.
 *
 * @throws KafkaError, and what `visit` throws.
 */
export async function readRecords(request: RecordRequest, visit: RecordVisit): Promise<void> {
  const { cluster, topic, isUrgent, range = await topicRange(cluster, topic) } = request
  await readTopic(cluster, topic, range, recordsOf(request, visit), isUrgent)
}

/** Visits the records of pieces of a topic. */
export function recordsOf(
  { decompressedBytesMax = 64 << 20 }: Pick<RecordRequest, 'decompressedBytesMax'>,
  visit: RecordVisit,
): (piece: FetchedPartition) => Promise<void> {
  const reader = new BatchReader({ decompressedBytesMax })
  const columns = new RecordColumns()
  return async (piece) => {
    reader.open(piece)
    while (reader.fill(columns)) {
      const visited = visit(columns)
      const seen = visited instanceof Promise ? await visited : visited
      if (seen !== undefined) reader.open({ ...piece, ...seen })
    }
  }
}
