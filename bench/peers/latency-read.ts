/** Reads a sink as it grows and tells how long after its timestamp each record was readable. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { systemClock } from '../../src/core/clock.ts'
import { BatchReader, RecordColumns } from '../../src/kernel/index.ts'
import { Cluster, Fetcher, partitionsOf, type Topic } from '../../src/kafka/index.ts'

const [bootstrapServers, name, total, warmUpMs] = process.argv.slice(2) as [string, string, string, string]
const cluster = new Cluster({ bootstrapServers })
const topic: Topic = await cluster.topicWhenReady(name)
const all = createHistogram({ lowest: 1, highest: 600_000, figures: 3 })
const warm = createHistogram({ lowest: 1, highest: 600_000, figures: 3 })
const reader = new BatchReader({ decompressedBytesMax: 64 << 20 })
const columns = new RecordColumns()
let records = 0
let firstMs: number | undefined

const fetcher = new Fetcher(
  {
    cluster,
    partitions: partitionsOf(topic),
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
          for (let row = 0; row < columns.count; row++) {
            const dueMs = columns.timestamp[row]!
            firstMs ??= dueMs
            const latency = Math.max(1, Math.round(nowMs - dueMs))
            all.record(latency)
            if (dueMs >= firstMs + Number(warmUpMs)) warm.record(latency)
          }
        }
      }
      release()
      if (records < Number(total)) return
      fetcher.stop()
      const figuresOf = (latencies: RecordableHistogram) => ({
        p50: latencies.percentile(50),
        p99: latencies.percentile(99),
        max: latencies.max,
      })
      process.send!({ all: figuresOf(all), warm: figuresOf(warm) })
      void cluster.close()
      process.disconnect()
    },
  },
  topic.partitions.map(() => 0),
)
fetcher.start()
process.send!('ready')
