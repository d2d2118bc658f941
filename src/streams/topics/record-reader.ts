import { type Cluster, readTopic, type Topic, type TopicRange, topicRange } from '../../kafka/index.ts'
import { BatchReader, type FetchedPartition, RecordColumns } from '../../kernel/index.ts'

export interface RecordRequest {
  cluster: Cluster
  topic: Topic
  /** @defaultValue all that the topic has now, open transactions included, whose ends are waited for */
  range?: TopicRange | undefined
  /** Bytes that one compressed record batch may open to. @defaultValue 64 MiB */
  decompressedBytesMax?: number
}

/**
 * Gives on the records of a range of a topic that a `read_committed` consumer would see, and perhaps some after it, in
 * the order of each partition. The columns are valid until `visit` returns.
 *
 * @throws KafkaError, and what `visit` throws.
 */
export async function readRecords(request: RecordRequest, visit: (columns: RecordColumns) => void): Promise<void> {
  const { cluster, topic, range = await topicRange(cluster, topic) } = request
  await readTopic(cluster, topic, range, recordsOf(request, visit))
}

/** Visits the records of pieces of a topic. */
export function recordsOf(
  { decompressedBytesMax = 64 << 20 }: Pick<RecordRequest, 'decompressedBytesMax'>,
  visit: (columns: RecordColumns) => void,
) {
  const reader = new BatchReader({ decompressedBytesMax })
  const columns = new RecordColumns()
  return (piece: FetchedPartition) => {
    reader.open(piece)
    while (reader.fill(columns)) visit(columns)
  }
}
