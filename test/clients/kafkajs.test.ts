import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import {
  type Admin,
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
  type Producer,
  type ProducerConfig,
} from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { Arrivals } from './arrivals.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'

/** What kafkajs calls ConfigResourceTypes.TOPIC, but exports only as a type. */
const topicResource = 2

interface Received {
  readonly partition: number
  readonly offset: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** What the members of a group were last given of a topic. */
class Shares extends Arrivals<{ memberId: string; partitions: readonly number[] }> {
  /** Resolves once the members that joined last share all partitions equally. */
  async areDealt(partitionCount: number, { members }: { members: number }): Promise<void> {
    await this.until((all) => {
      const shares = all.slice(-members)
      const partitions = shares.flatMap((share) => share.partitions)
      const isFair = shares.every((share) => share.partitions.length === partitionCount / members)
      return isFair && new Set(partitions).size === partitionCount
    })
  }
}

describe('kafkajs', { timeout: 30_000, concurrency: true }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy('kafkajs', stack)
  let broker: Broker
  let kafka: Kafka
  let admin: Admin
  before(async () => {
    broker = stack.use(await startBroker({ onRequest }))
    kafka = new Kafka({
      brokers: [broker.bootstrapServers],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 20, retries: 10 },
    })
    admin = kafka.admin()
    await admin.connect()
    stack.defer(() => admin.disconnect())
  })

  /** A connected producer that leaves when the test is over. */
  async function connectProducer(config: ProducerConfig = {}): Promise<Producer & AsyncDisposable> {
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...config })
    await producer.connect()
    return Object.assign(producer, { [Symbol.asyncDispose]: () => producer.disconnect() })
  }

  /** A member of a group that hands over every record; it leaves when the test is over. */
  async function consume(groupId: string, topic: string, { readUncommitted = false, shares = new Shares() } = {}) {
    // kafkajs heartbeats between its fetches, and so learns of a rebalance only when one is over.
    const consumer = kafka.consumer({ groupId, readUncommitted, maxWaitTimeInMs: 50, heartbeatInterval: 50 })
    const received = new Arrivals<Received>()
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment } }) =>
      shares.add({ memberId, partitions: memberAssignment[topic] ?? [] }),
    )
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      async eachMessage({ partition, message: { offset, key, value, headers = {} } }) {
        received.add({
          partition,
          offset,
          key: key?.toString() ?? null,
          value: value?.toString() ?? null,
          headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
        })
      },
    })
    return Object.assign(consumer, { received, [Symbol.asyncDispose]: () => consumer.disconnect() })
  }

  const valuesOf = (received: readonly Received[]) => received.map(({ value }) => String(value)).sort()

  describe('producer', () => {
    it('has records read back as they were, gzipped or not', async () => {
      await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 2 }] })
      await using producer = await connectProducer()
      const messages = [
        { partition: 0, key: 'ключ', value: '"ü" \u0000 9007199254740993', headers: { trace: 'a1' } },
        { partition: 1, key: 'tombstone', value: null },
        { partition: 1, key: null, value: 'x'.repeat(100_000) },
      ]

      const sent = [
        await producer.send({ topic: 'kept', messages, compression: CompressionTypes.GZIP }),
        await producer.send({ topic: 'kept', messages }),
      ]

      await using consumer = await consume('keepers', 'kept')
      const received = await consumer.received.first(6)
      const expected = messages.map(({ key, value, headers = {} }) => ({ key, value, headers }))
      const inOrder = received.toSorted((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset))
      const [p0, p1a, p1b] = expected
      assert.deepEqual(
        inOrder.map(({ key, value, headers }) => ({ key, value, headers })),
        [p0, p0, p1a, p1b, p1a, p1b],
      )
      assert.deepEqual(
        sent.map((results) => results.map(({ partition, baseOffset }) => [partition, baseOffset])),
        [
          [
            [0, '0'],
            [1, '0'],
          ],
          [
            [0, '1'],
            [1, '2'],
          ],
        ],
      )
    })

    it('writes idempotently, many batches in a row', async () => {
      await admin.createTopics({ topics: [{ topic: 'idempotent' }] })
      await using producer = await connectProducer({ idempotent: true, maxInFlightRequests: 1 })
      const values = Array.from({ length: 50 }, (_, i) => String(i))

      for (const value of values) await producer.send({ topic: 'idempotent', messages: [{ value }] })

      await using consumer = await consume('idempotent', 'idempotent')
      const received = await consumer.received.first(50)
      assert.deepEqual(
        received.map(({ value, offset }) => [value, offset]),
        values.map((value, i) => [value, String(i)]),
      )
    })
  })

  describe('consumer group', () => {
    it('shares the partitions out anew whenever a member joins or leaves', async () => {
      await admin.createTopics({ topics: [{ topic: 'shared', numPartitions: 6 }] })
      await using producer = await connectProducer()
      const shares = new Shares()
      const join = () => consume('sharers', 'shared', { shares })

      await using first = await join()
      await shares.areDealt(6, { members: 1 })
      await using second = await join()
      await shares.areDealt(6, { members: 2 })
      const third = await join()
      await shares.areDealt(6, { members: 3 })
      const { groups } = await admin.describeGroups(['sharers'])
      const messages = Array.from({ length: 6 }, (_, partition) => ({ partition, value: `to ${partition}` }))
      await producer.send({ topic: 'shared', messages })
      const received = await Promise.all([first, second, third].map((member) => member.received.first(2)))
      await third.disconnect()
      await shares.areDealt(6, { members: 2 })

      assert.equal(groups[0]!.state, 'Stable')
      assert.equal(groups[0]!.members.length, 3)
      assert.deepEqual(
        valuesOf(received.flat()),
        messages.map(({ value }) => value),
      )
    })

    it('goes on where it had committed', async () => {
      await admin.createTopics({ topics: [{ topic: 'resumed' }] })
      await using producer = await connectProducer()
      await producer.send({ topic: 'resumed', messages: [{ value: 'a' }, { value: 'b' }] })
      const before = await consume('resumers', 'resumed')
      await before.received.first(2)
      await before.commitOffsets([{ topic: 'resumed', partition: 0, offset: '2' }])
      await before.disconnect()

      await producer.send({ topic: 'resumed', messages: [{ value: 'c' }] })
      await using afterwards = await consume('resumers', 'resumed')

      assert.deepEqual(valuesOf(await afterwards.received.first(1)), ['c'])
    })
  })

  describe('transactions', () => {
    it('show what was committed to read_committed consumers, and nothing that was aborted', async () => {
      await admin.createTopics({ topics: [{ topic: 'decided' }] })
      await using producer = await connectProducer({ transactionalId: 'decider', maxInFlightRequests: 1 })
      const send = async (value: string, end: 'commit' | 'abort') => {
        const transaction = await producer.transaction()
        await transaction.send({ topic: 'decided', messages: [{ value }] })
        await transaction[end]()
      }

      await send('kept', 'commit')
      await send('dropped', 'abort')
      await send('kept too', 'commit')

      await using committed = await consume('committed', 'decided')
      await using uncommitted = await consume('uncommitted', 'decided', { readUncommitted: true })
      assert.deepEqual(valuesOf(await committed.received.first(2)), ['kept', 'kept too'])
      assert.deepEqual(valuesOf(await uncommitted.received.first(3)), ['dropped', 'kept', 'kept too'])
      assert.deepEqual(valuesOf(committed.received.all), ['kept', 'kept too'])
    })

    it('commit consumer offsets together with the records, or not at all', async () => {
      await admin.createTopics({ topics: [{ topic: 'in' }, { topic: 'out' }] })
      await using producer = await connectProducer({ transactionalId: 'mover', maxInFlightRequests: 1 })
      const move = async (offset: string, end: 'commit' | 'abort') => {
        const transaction = await producer.transaction()
        await transaction.send({ topic: 'out', messages: [{ value: offset }] })
        const partitions = [{ partition: 0, offset }]
        await transaction.sendOffsets({ consumerGroupId: 'movers', topics: [{ topic: 'in', partitions }] })
        await transaction[end]()
      }

      // A transaction begins only once the one before it has taken effect.
      await move('3', 'commit')
      await move('5', 'abort')
      await move('6', 'abort')

      const [offsets] = await admin.fetchOffsets({ groupId: 'movers', topics: ['in'] })
      assert.equal(offsets!.partitions[0]!.offset, '3')
    })

    it('fence the producer that had the transactional id before', async () => {
      await admin.createTopics({ topics: [{ topic: 'owned' }] })
      await using old = await connectProducer({ transactionalId: 'owner', maxInFlightRequests: 1 })
      const left = await old.transaction()
      await left.send({ topic: 'owned', messages: [{ value: 'left open' }] })

      await using successor = await connectProducer({ transactionalId: 'owner', maxInFlightRequests: 1 })
      const transaction = await successor.transaction()
      await transaction.send({ topic: 'owned', messages: [{ value: 'mine' }] })
      await transaction.commit()

      await assert.rejects(left.commit(), { type: 'INVALID_PRODUCER_EPOCH' })
      await using consumer = await consume('owners', 'owned')
      assert.deepEqual(valuesOf(await consumer.received.first(1)), ['mine'])
    })
  })

  describe('admin', () => {
    it('creates, grows, lists and deletes topics', async () => {
      await admin.createTopics({ topics: [{ topic: 'grown', numPartitions: 1 }] })
      await admin.createPartitions({ topicPartitions: [{ topic: 'grown', count: 4 }] })

      const { topics } = await admin.fetchTopicMetadata({ topics: ['grown'] })
      assert.deepEqual(new Set(topics[0]!.partitions.map(({ partitionId }) => partitionId)), new Set([0, 1, 2, 3]))
      await assert.rejects(admin.createPartitions({ topicPartitions: [{ topic: 'grown', count: 2 }] }), {
        type: 'INVALID_PARTITIONS',
      })
      await admin.deleteTopics({ topics: ['grown'] })
      assert.ok(!(await admin.listTopics()).includes('grown'))
    })

    it('describes the cluster and the settings of a topic', async () => {
      const entry = { name: 'retention.ms', value: '1234' }
      await admin.createTopics({ topics: [{ topic: 'configured', configEntries: [entry] }] })

      const { brokers, controller, clusterId } = await admin.describeCluster()
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: topicResource, name: 'configured', configNames: ['retention.ms'] }],
      })

      assert.deepEqual(
        brokers.map(({ nodeId, host, port }) => [nodeId, host, port]),
        [[controller, broker.host, broker.port]],
      )
      assert.equal(clusterId.length, 22)
      const entries = resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue])
      assert.deepEqual(entries, [['retention.ms', '1234']])
    })

    it('finds offsets by place and by time, and deletes records up to one', async () => {
      await admin.createTopics({ topics: [{ topic: 'placed' }] })
      await using producer = await connectProducer()
      const messages = [10, 20, 30].map((timestamp) => ({ value: 'x', timestamp: String(timestamp) }))
      await producer.send({ topic: 'placed', messages })

      assert.deepEqual(await admin.fetchTopicOffsets('placed'), [{ partition: 0, offset: '3', high: '3', low: '0' }])
      assert.deepEqual(await admin.fetchTopicOffsetsByTimestamp('placed', 15), [{ partition: 0, offset: '1' }])
      await admin.deleteTopicRecords({ topic: 'placed', partitions: [{ partition: 0, offset: '2' }] })
      assert.deepEqual(await admin.fetchTopicOffsets('placed'), [{ partition: 0, offset: '3', high: '3', low: '2' }])
    })

    it('sets the offsets of a group, and lists and deletes it', async () => {
      await admin.createTopics({ topics: [{ topic: 'set' }] })
      const partitions = [{ partition: 0, offset: '7' }]

      await admin.setOffsets({ groupId: 'setters', topic: 'set', partitions })

      const [offsets] = await admin.fetchOffsets({ groupId: 'setters', topics: ['set'] })
      assert.equal(offsets!.partitions[0]!.offset, '7')
      const isListed = async () => (await admin.listGroups()).groups.some(({ groupId }) => groupId === 'setters')
      assert.ok(await isListed())
      await admin.deleteGroups(['setters'])
      assert.ok(!(await isListed()))
    })
  })
})
