import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fetch, ScriptedBroker } from '../../../test/kafka-peer/index.ts'
import { Cluster } from '../../kafka/index.ts'
import { readingPorts } from './kafka-ports.ts'
import type { KafkaServices } from './services.ts'

it('reads a range of a source once more over another connection than what is fetched, which a broker may hold back', async (t) => {
  const broker = await ScriptedBroker.start(1)
  t.after(() => broker[Symbol.asyncDispose]())
  broker.serveTopics([broker], [{ name: 'source', leaders: [1] }])
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
  const [topic] = await cluster.topics(['source'])
  const options = { fetchBytes: 4_096, partitionFetchBytes: 1_024, decompressedBytesMax: 4_096 }
  const services = { cluster, options, topics: { sinks: [] } } as unknown as KafkaServices
  const { newFetcher, sourceLog } = readingPorts(services)
  const events = { onFetched() {}, onFailed: assert.fail }
  const fetcher = newFetcher({ partitions: [{ topic: topic!, partition: 0 }], firstOffsets: [9] }, events)
  fetcher.start()
  await broker.take(fetch)
  const before = broker.connectionCount

  const reading = sourceLog.read(topic!, { partition: 0, first: 3, end: 5 }, () => {})
  t.after(async () => {
    const failed = assert.rejects(reading)
    fetcher.stop()
    await cluster.close()
    await failed
  })
  const { request } = await broker.take(fetch)

  assert.equal(broker.connectionCount, before + 1)
  assert.equal(request.topics[0]!.partitions[0]!.fetchOffset, 3)
})
