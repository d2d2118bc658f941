import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../../src/broker/index.ts'
import { text } from '../../src/state/index.ts'
import { field, stage, table, topology } from '../../src/streams/index.ts'
import { readTopic } from './read-topic.ts'
import { startQuietly } from './run.ts'
import { produce } from './target.ts'

describe('a program whose topic of a table is slow to read', () => {
  it('reads no record of a source before it has what the topic had', async () => {
    await using broker = await startBroker({
      topics: ['orders', 'people', 'merged'].map((name) => ({ name, partitions: 1 })),
    })
    const { bootstrapServers } = broker
    const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
    await produce(kafka, 'people', [{ key: 'ada', value: 'Ada' }])
    await produce(kafka, 'orders', [{ value: '{"side":"A","id":1}' }, { value: '{"side":"B","id":1}' }])
    const people = table('people', { topic: 'people', key: text, value: text })
    const part = stage<unknown, string>({ part: (_, record) => record.table(people).get('ada') ?? 'nobody' })
    const program = topology('shop')
      .tables(people)
      .source('orders')
      .route('by-side', field('side'), { A: part, B: part })
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('merged')
    // The first fetch of a program without a checkpoint is that of its tables.
    await broker.injectFault({ api: 'Fetch', clientId: 'shop', effect: { kind: 'delayAnswer', delayMs: 1_000 } })

    await using app = await startQuietly(program, bootstrapServers)
    await app.caughtUp

    const [merged] = await readTopic(bootstrapServers, 'merged')
    assert.equal(merged!.value, '{"id":1,"A":"Ada","B":"Ada"}')
  })
})
