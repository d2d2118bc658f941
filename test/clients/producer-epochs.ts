import { Connection, fetchV13, metadataV12 } from '@platformatic/kafka'
import type { Broker } from '../../src/broker/index.ts'

const controlBatch = 0b100000
const bytesMax = 1 << 20

/** The producer epoch of each batch of records in a topic of one partition. */
export async function producerEpochs({ host, port }: Broker, topic: string): Promise<number[]> {
  const connection = new Connection('reader')
  await connection.connect(host, port)
  try {
    const metadata = await metadataV12.api.async(connection, [topic], false, false)
    const partition = {
      partition: 0,
      currentLeaderEpoch: -1,
      fetchOffset: 0n,
      lastFetchedEpoch: -1,
      partitionMaxBytes: bytesMax,
    }
    const asked = [{ topicId: metadata.topics[0]!.topicId, partitions: [partition] }]
    const { responses } = await fetchV13.api.async(connection, 0, 0, bytesMax, 0, 0, -1, asked, [], '')
    const batches = responses[0]!.partitions[0]!.records ?? []
    return batches.filter(({ attributes }) => (attributes & controlBatch) === 0).map((batch) => batch.producerEpoch)
  } finally {
    await connection.close()
  }
}
