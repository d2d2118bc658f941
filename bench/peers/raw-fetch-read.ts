/**
 * Reads a topic by Fetch requests over the connection of `@platformatic/kafka`, and walks every record in the bytes,
 * with checksums: the least that a program on that library has to do. The next request is sent before an answer is
 * worked on.
 */
import { Connection, createAPI, Writer } from '@platformatic/kafka'
import { Cluster, topicRange } from '../../src/kafka/index.ts'
import { BatchReader, type FetchedPartition, RecordColumns } from '../../src/kernel/index.ts'
import { ReadClock } from './measured-read.ts'

type Words = [bootstrapServers: string, topic: string, total: string, fetchBytes: string, partitionBytes: string]
const [bootstrapServers, name, total, fetchBytes, partitionBytes] = process.argv.slice(2) as Words

interface Fetched {
  readonly partition: number
  readonly records: Buffer
}

/** Fetch v12. */
const fetch = createAPI(
  1,
  12,
  (positions: ReadonlyMap<number, number>) =>
    Writer.create()
      // Replica, longest wait, least and most bytes, isolation level, session.
      .appendInt32(-1)
      .appendInt32(500)
      .appendInt32(1)
      .appendInt32(Number(fetchBytes))
      .appendInt8(1)
      .appendInt32(0)
      .appendInt32(-1)
      .appendArray([name], (topics) =>
        topics.appendString(name).appendArray([...positions], (partitions, [partition, position]) =>
          partitions
            // Partition, leader's epoch, offset, epoch of the last one, start of the log, most bytes.
            .appendInt32(partition)
            .appendInt32(-1)
            .appendInt64(BigInt(position))
            .appendInt32(-1)
            .appendInt64(-1n)
            .appendInt32(Number(partitionBytes)),
        ),
      )
      .appendArray([], () => {})
      .appendString('')
      .appendTaggedFields(),
  (_correlationId, _apiKey, _apiVersion, reader): Fetched[] => {
    // Throttle time, error, session.
    reader.skip(10)
    const topics = reader.readArray(() => {
      reader.readString()
      return reader.readArray(() => {
        const partition = reader.readInt32()
        // Error, high watermark, last stable offset, start of the log; then aborted transactions, preferred replica.
        reader.skip(26)
        reader.readNullableArray(() => reader.skip(16))
        reader.skip(4)
        return { partition, records: reader.readBytes() }
      })
    })
    return topics.flat()
  },
)

const cluster = new Cluster({ bootstrapServers })
const { starts, ends } = await topicRange(cluster, await cluster.topicWhenReady(name))
await cluster.close()
/** By partition, in the order in which the broker is to serve them. */
const positions = new Map(starts.map((start, partition) => [partition, start]))
const [host, port] = bootstrapServers.split(':') as [string, string]
const connection = new Connection('bench')
await connection.connect(host, Number(port))
const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
const columns = new RecordColumns()
const clock = new ReadClock(Number(total), () => process.exit(0))
clock.fetching()
let answer = fetch.async(connection, positions)
for (;;) {
  const pieces = (await answer).map(pieceOf).filter(({ nextOffset }) => nextOffset > 0)
  for (const { partition, nextOffset } of pieces) {
    // Those that were served go last.
    positions.delete(partition)
    if (nextOffset < ends[partition]!) positions.set(partition, nextOffset)
  }
  answer = fetch.async(connection, positions)
  for (const piece of pieces) {
    reader.open(piece)
    while (reader.fill(columns)) clock.handedOver(columns.count)
  }
}

function pieceOf({ partition, records }: Fetched): FetchedPartition {
  const view = new DataView(records.buffer, records.byteOffset, records.length)
  const end = records.length
  const fromOffset = positions.get(partition)!
  const nextOffset = offsetBehind(view)
  return { partition, bytes: records, view, start: 0, end, fromOffset, nextOffset, endOffset: nextOffset, aborted: [] }
}

/** The offset after the last complete batch; 0 where there is none. */
function offsetBehind(view: DataView): number {
  let next = 0
  for (let at = 0; at + 61 <= view.byteLength;) {
    const end = at + 12 + view.getInt32(at + 8)
    if (end > view.byteLength) break
    next = Number(view.getBigInt64(at)) + view.getInt32(at + 23) + 1
    at = end
  }
  return next
}
