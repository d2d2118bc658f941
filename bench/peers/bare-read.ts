/**
 * Reads a topic with Millrace's own reader, with checksums and the borders of each record, and does nothing with it.
 */
import { Cluster, readTopic, topicRange } from '../../src/kafka/index.ts'
import { BatchReader, RecordColumns } from '../../src/kernel/index.ts'
import { ReadClock } from './measured-read.ts'

const [bootstrapServers, name, total] = process.argv.slice(2) as [string, string, string]
const cluster = new Cluster({ bootstrapServers })
const topic = await cluster.topicWhenReady(name)
const range = await topicRange(cluster, topic)
const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
const columns = new RecordColumns()
const clock = new ReadClock(Number(total), () => void cluster.close())
clock.fetching()
await readTopic(cluster, topic, range, (piece) => {
  reader.open(piece)
  while (reader.fill(columns)) clock.handedOver(columns.count)
})
