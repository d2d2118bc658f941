import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { KafkaClient, KafkaConsumer, KafkaEvent, Message, ProducerConfiguration } from 'kafka-crab-js'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { createTopics, Cluster } from '../../src/kafka/index.ts'
import { Arrivals } from './arrivals.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'

// Its binary is an optional package for Node 24, which npm leaves out where npm itself runs on an older one.
const crab = await import('kafka-crab-js').catch(() => undefined)
const skip = crab === undefined && 'the binary of kafka-crab-js is not installed: run npm install on Node 24'

/** The binding exposes no transactions; librdkafka-transactions.test.ts tests them by another. */
describe('librdkafka, by kafka-crab-js', { timeout: 30_000, concurrency: true, skip }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy('librdkafka', stack)
  let broker: Broker
  let client: KafkaClient
  let cluster: Cluster
  const groupConfig = { 'consumer.heartbeat.interval.ms': 50, 'consumer.assignment.interval.ms': 0 }
  before(async () => {
    broker = stack.use(await startBroker({ groupConfig, onRequest }))
    client = new crab!.KafkaClient({ brokers: broker.bootstrapServers, clientId: 'test', brokerAddressFamily: 'v4' })
    cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
    stack.defer(() => cluster.close())
  })

  const oftenHeard = { 'heartbeat.interval.ms': '50' }
  const createTopic = (name: string, partitionCount = 1) => createTopics(cluster, [{ name, partitionCount }])

  const connectProducer = (configuration: ProducerConfiguration['configuration'] = {}) =>
    client.createProducer({ configuration: { 'linger.ms': '0', ...configuration } })

  /** A member of a group that hands over every record; it leaves when the test is over. */
  async function consume(groupId: string, topic: string, configuration: Record<string, string> = oftenHeard) {
    const consumer: KafkaConsumer = client.createConsumer({
      groupId,
      enableAutoCommit: false,
      configuration: {
        'auto.offset.reset': 'earliest',
        'fetch.wait.max.ms': '50',
        ...configuration,
      },
    })
    const received = new Arrivals<Message>()
    const events = new Arrivals<KafkaEvent>()
    const polls = new Arrivals<number>()
    consumer.onEvents((_, event) => events.add(event))
    await consumer.subscribe(topic)
    let isLeaving = false
    const reading = (async () => {
      while (!isLeaving) {
        const messages = await consumer.recvBatch(100, 20)
        for (const message of messages) received.add(message)
        polls.add(messages.length)
      }
    })()
    return Object.assign(consumer, {
      received,
      polls,
      async [Symbol.asyncDispose]() {
        // librdkafka leaves a group only once the loss of the partitions has been polled.
        const eventCount = events.all.length
        consumer.unsubscribe()
        await events.until((all) => all.slice(eventCount).some(({ name }) => name === 'PostRebalance'))
        isLeaving = true
        await reading
        await consumer.disconnect()
      },
    })
  }

  const textsOf = (messages: readonly Message[]) => messages.map(({ payload }) => payload.toString()).sort()

  // The binding is built without zstd.
  for (const compression of ['none', 'gzip', 'snappy', 'lz4']) {
    it(`has records read back as they were, compression ${compression}`, async () => {
      const topic = `kept-${compression}`
      await createTopic(topic)
      const producer = connectProducer({ 'compression.type': compression, 'enable.idempotence': 'true' })
      const payload = Buffer.from(`"ü" \u0000 9007199254740993 ${'x'.repeat(10_000)}`)

      const deliveries = await producer.send({
        topic,
        messages: [
          { key: Buffer.from('ключ'), payload, headers: { trace: Buffer.from('a1') } },
          { key: Buffer.from('tombstone'), isTombstone: true },
        ],
      })

      await using consumer = await consume(topic, topic)
      const [first, second] = await consumer.received.first(2)
      assert.deepEqual(
        deliveries.map(({ offset }) => offset),
        [0, 1],
      )
      assert.deepEqual([first!.key?.toString(), first!.payload, first!.offset], ['ключ', payload, 0])
      assert.equal(first!.headers?.['trace']?.toString(), 'a1')
      assert.deepEqual([second!.key?.toString(), second!.isTombstone], ['tombstone', true])
    })
  }

  const sharings = {
    range: { ...oftenHeard, 'partition.assignment.strategy': 'range' },
    'cooperative-sticky': { ...oftenHeard, 'partition.assignment.strategy': 'cooperative-sticky' },
    // The broker shares out (KIP-848), and says how often it wants to hear of members.
    consumer: { 'group.protocol': 'consumer' },
  }
  for (const [sharing, configuration] of Object.entries(sharings)) {
    it(`shares the partitions of a group out anew whenever a member joins or leaves, by ${sharing}`, async () => {
      const topic = `shared-${sharing}`
      await createTopic(topic, 6)
      const join = () => consume(topic, topic, configuration)
      type Member = Awaited<ReturnType<typeof join>>
      const partitionsOf = (member: Member) =>
        member.assignment().flatMap(({ partitionOffset }) => partitionOffset.map(({ partition }) => partition))
      const dealt = (...members: Member[]) => {
        const isDealt = () => {
          const shares = members.map(partitionsOf)
          return shares.every(({ length }) => length === 6 / members.length) && new Set(shares.flat()).size === 6
        }
        return members[0]!.polls.until(isDealt)
      }

      await using first = await join()
      await dealt(first)
      await using second = await join()
      await dealt(first, second)
      const third = await join()
      await dealt(first, second, third)
      await third[Symbol.asyncDispose]()
      await dealt(first, second)

      assert.deepEqual(new Set([first, second].flatMap(partitionsOf)), new Set([0, 1, 2, 3, 4, 5]))
    })
  }

  it('goes on where it had committed', async () => {
    await createTopic('resumed')
    const producer = connectProducer()
    const send = (...texts: string[]) =>
      producer.send({ topic: 'resumed', messages: texts.map((text) => ({ payload: Buffer.from(text) })) })
    await send('a', 'b')
    {
      await using consumer = await consume('resumers', 'resumed')
      const [, last] = await consumer.received.first(2)
      await consumer.commitMessage(last!, 'Sync')
    }

    await send('c')
    await using consumer = await consume('resumers', 'resumed')

    assert.deepEqual(textsOf(await consumer.received.first(1)), ['c'])
  })

  it('deletes records up to an offset', async () => {
    await createTopic('shortened')
    const producer = connectProducer()
    await producer.send({
      topic: 'shortened',
      messages: ['a', 'b', 'c'].map((text) => ({ payload: Buffer.from(text) })),
    })

    await client.deleteRecords([{ topic: 'shortened', partitionOffset: [{ partition: 0, offset: { offset: 2 } }] }])

    await using consumer = await consume('shortened', 'shortened')
    assert.deepEqual(textsOf(await consumer.received.first(1)), ['c'])
  })
})
