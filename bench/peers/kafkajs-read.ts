/** Reads a topic with kafkajs and does nothing with it: `eachBatch` with an empty handler, no commits. */
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { ReadClock } from './measured-read.ts'

const [bootstrapServers, topic, total, fetchBytes, partitionBytes] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]

const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({
  groupId: randomUUID(),
  maxBytes: Number(fetchBytes),
  maxBytesPerPartition: Number(partitionBytes),
})
const clock = new ReadClock(Number(total), () => void consumer.disconnect())
consumer.on(consumer.events.FETCH_START, () => clock.fetching())
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => clock.handedOver(batch.messages.length),
})
