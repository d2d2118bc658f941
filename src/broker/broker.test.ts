import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { EngineError } from '../core/errors.ts'
import { type Broker, startBroker } from './broker.ts'

describe('startBroker', () => {
  it('accepts connections when it resolves, and none after it has stopped', async () => {
    const broker = await startBroker()

    const first = connect(broker.port, broker.host)
    await once(first, 'connect')
    const closed = once(first, 'close')
    await broker.stop()
    await closed

    const late = connect(broker.port, broker.host)
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNREFUSED')
  })

  it('may be stopped twice', async () => {
    await using broker = await startBroker()

    await Promise.all([broker.stop(), broker.stop()])
  })

  it('creates the topics it is given, with partitions and settings', async () => {
    await using broker = await startBroker({
      topics: [{ name: 'plain' }, { name: 'wide', partitions: 3, config: { 'cleanup.policy': 'compact' } }],
    })
    await using admin = await connectAdmin(broker)

    const { topics } = await admin.fetchTopicMetadata()

    const told = topics.map(({ name, partitions }) => `${name} ${partitions.length}`)
    assert.deepEqual(told.toSorted(), ['plain 1', 'wide 3'])
  })

  it('refuses a topic that is not valid with BROKER_TOPIC_REFUSED, and goes on', async () => {
    await using broker = await startBroker({ topics: [{ name: 'orders' }] })

    await assert.rejects(broker.createTopic({ name: 'orders' }), { code: 'BROKER_TOPIC_REFUSED' })
    await assert.rejects(broker.createTopic({ name: 'a b' }), { code: 'BROKER_TOPIC_REFUSED' })
    const setting = { name: 'other', config: { 'no.such': '1' } }
    await assert.rejects(broker.createTopic(setting), (error) => {
      assert.ok(EngineError.is(error))
      assert.deepEqual(error.details, { topic: 'other', kafkaErrorCode: 40 })
      return true
    })
    await broker.createTopic({ name: 'other' })
  })

  it('leaves nothing behind when one of its topics is refused', async () => {
    const start = startBroker({ topics: [{ name: '' }] })

    await assert.rejects(start, { code: 'BROKER_TOPIC_REFUSED' })
  })

  it('fails with BROKER_LISTEN_FAILED when its port is taken', async () => {
    await using broker = await startBroker()

    await assert.rejects(startBroker({ port: broker.port }), { code: 'BROKER_LISTEN_FAILED' })
  })

  it('refuses records beyond its memory limit, and takes them again once a topic is deleted', async () => {
    const topics = [{ name: 'first' }, { name: 'second' }]
    await using broker = await startBroker({ memoryBytesMax: 100_000, topics })
    await using admin = await connectAdmin(broker)
    await using producer = await connectProducer(broker)
    const send = (topic: string) => producer.send({ topic, messages: [{ value: 'x'.repeat(40_000) }] })

    await send('first')
    await assert.rejects(send('second'), /policy/i)
    await admin.deleteTopics({ topics: ['first'] })
    await send('second')
  })
})

function kafkaOf(broker: Broker): Kafka {
  return new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
}

async function connectAdmin(broker: Broker) {
  const admin = kafkaOf(broker).admin()
  await admin.connect()
  return Object.assign(admin, { [Symbol.asyncDispose]: () => admin.disconnect() })
}

async function connectProducer(broker: Broker) {
  const producer = kafkaOf(broker).producer()
  await producer.connect()
  return Object.assign(producer, { [Symbol.asyncDispose]: () => producer.disconnect() })
}
