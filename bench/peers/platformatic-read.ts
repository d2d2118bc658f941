/**
 * Reads a topic with the stream of `@platformatic/kafka` and does nothing with it: no commits, no decoding of values.
 */
import { randomUUID } from 'node:crypto'
import { connectionsApiChannel, Consumer } from '@platformatic/kafka'
import { ReadClock } from './measured-read.ts'

const [bootstrapServers, topic, total, fetchBytes] = process.argv.slice(2) as [string, string, string, string]
const fetchKey = 1

const consumer = new Consumer({ clientId: 'bench', groupId: randomUUID(), bootstrapBrokers: [bootstrapServers] })
const clock = new ReadClock(Number(total), () => process.exit(0))
connectionsApiChannel.start.subscribe(
  (context) => (context as { apiKey?: number }).apiKey === fetchKey && clock.fetching(),
)
const stream = await consumer.consume({
  topics: [topic],
  mode: 'earliest',
  autocommit: false,
  maxBytes: Number(fetchBytes),
  maxWaitTime: 500,
})
for await (const _message of stream) clock.handedOver(1)
