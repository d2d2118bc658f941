/** Reads a sink as it grows and tells how long after its timestamp each record was readable. */
import { createHistogram } from 'node:perf_hooks'
import { systemClock } from '../../src/core/clock.ts'
import { BatchReader, RecordColumns } from '../../src/kernel/index.ts'
import { Cluster, Fetcher, type Topic } from '../../src/kafka/index.ts'

const [bootstrapServers, name, total] = process.argv.slice(2) as [string, string, string]
const cluster = new Cluster({ bootstrapServers })
const topic: Topic = await cluster.topicWhenReady(name)
const latencies = createHistogram({ lowest: 1, highest: 600_000, figures: 3 })
const reader = new BatchReader({ decompressedBytesMax: 64 << 20 })
const columns = new RecordColumns()
let records = 0

const fetcher = new Fetcher(
  {
    cluster,
    topic,
    firstPartition: 0,
    fetchBytes: 4 << 20,
    partitionBytes: 1 << 20,
    maxWaitMs: 100,
    buffersPerLeader: 2,
    onFailed: (error) => {
      throw error
    },
    onFetched({ partitions, release }) {
      const nowMs = systemClock.nowMs()
      for (const partition of partitions) {
        reader.open(partition)
        while (reader.fill(columns)) {
          records += columns.count
          for (let row = 0; row < columns.count; row++)
            latencies.record(Math.max(1, Math.round(nowMs - columns.timestamp[row]!)))
        }
      }
      release()
      if (records < Number(total)) return
      fetcher.stop()
      process.send!({ p50: latencies.percentile(50), p99: latencies.percentile(99), max: latencies.max })
      void cluster.close()
      process.disconnect()
    },
  },
  topic.partitions.map(() => 0),
)
fetcher.start()
process.send!('ready')
