import { Connection, fetchV13, listOffsetsV7, metadataV12 } from '@platformatic/kafka'

/** A record as another client's decoder reads it. */
export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly valueBytes: Buffer | null
  /** In their order; a name may come twice. */
  readonly headers: readonly (readonly [string, string])[]
}

/** Who a client is at a broker that asks. */
export interface PlainSasl {
  readonly mechanism: 'PLAIN'
  readonly username: string
  readonly password: string
  /** Tests have no TLS for it. */
  readonly allowPlaintext: true
}

const earliest = -2n
const latest = -1n
const readUncommitted = 0
const readCommitted = 1
const controlBatch = 0b100000
const bytesMax = 64 << 20

/** Reads the committed records of a topic with the codecs of @platformatic/kafka. */
export async function readTopic(bootstrapServers: string, name: string, sasl?: PlainSasl): Promise<ReadRecord[]> {
  const [host, port] = bootstrapServers.split(':') as [string, string]
  const connection = new Connection('integration-reader', sasl && { sasl })
  await connection.connect(host, Number(port))
  try {
    const metadata = await metadataV12.api.async(connection, [name], false, false)
    const topic = metadata.topics[0]!
    const partitions = topic.partitions.map(({ partitionIndex }) => partitionIndex)
    const starts = await listOffsets(connection, name, partitions, earliest)
    const ends = await listOffsets(connection, name, partitions, latest)
    const records: ReadRecord[] = []
    for (const partition of partitions) {
      let offset = starts.get(partition)!
      while (offset < ends.get(partition)!) {
        const { batches, aborted } = await fetch(connection, topic.topicId, partition, offset)
        for (const batch of batches) {
          const isControl = (batch.attributes & controlBatch) !== 0
          if (isControl) endTransaction(batch, aborted)
          else if (!isAborted(batch, aborted))
            records.push(...batch.records.map((record) => toRecord(partition, batch, record)))
          offset = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
        }
      }
    }
    return records
  } finally {
    await connection.close()
  }
}

async function listOffsets(
  connection: Connection,
  name: string,
  partitions: number[],
  timestamp: bigint,
): Promise<Map<number, bigint>> {
  const asked = partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp }))
  // Transactions that have ended may still lack their markers: those are waited for by reading to the very end.
  const response = await listOffsetsV7.api.async(connection, -1, readUncommitted, [{ name, partitions: asked }])
  return new Map(response.topics[0]!.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]))
}

/** First offsets of the aborted transactions of each producer, in order. */
type Aborted = Map<bigint, bigint[]>

function isAborted({ producerId, firstOffset }: Batch, aborted: Aborted): boolean {
  const first = aborted.get(producerId)?.[0]
  return first !== undefined && first <= firstOffset
}

/** A marker ends the transaction of its producer that is the first to be aborted, unless that begins after it. */
function endTransaction(marker: Batch, aborted: Aborted): void {
  if (isAborted(marker, aborted)) aborted.get(marker.producerId)!.shift()
}

type Batch = NonNullable<fetchV13.FetchResponsePartition['records']>[number]

async function fetch(
  connection: Connection,
  topicId: string,
  partition: number,
  fetchOffset: bigint,
): Promise<{ batches: Batch[]; aborted: Aborted }> {
  const asked = { partition, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1, partitionMaxBytes: bytesMax }
  const topics = [{ topicId, partitions: [asked] }]
  const response = await fetchV13.api.async(connection, 1_000, 1, bytesMax, readCommitted, 0, -1, topics, [], '')
  const { records, abortedTransactions } = response.responses[0]!.partitions[0]!
  const aborted: Aborted = new Map()
  for (const { producerId, firstOffset } of abortedTransactions ?? []) {
    aborted.set(
      producerId,
      [...(aborted.get(producerId) ?? []), firstOffset].sort((a, b) => Number(a - b)),
    )
  }
  return { batches: records ?? [], aborted }
}

function toRecord(partition: number, batch: Batch, record: Batch['records'][number]): ReadRecord {
  return {
    partition,
    offset: Number(batch.firstOffset) + record.offsetDelta,
    timestampMs: Number(batch.firstTimestamp + record.timestampDelta),
    key: record.key?.toString() ?? null,
    value: record.value?.toString() ?? null,
    valueBytes: record.value,
    headers: record.headers.map(([header, value]) => [String(header), String(value)] as const),
  }
}
