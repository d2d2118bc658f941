import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import {
  Admin,
  CompressionAlgorithms,
  ConfigResourceTypes,
  Consumer,
  type ConsumerOptions,
  FetchIsolationLevels,
  type Message,
  MessagesStreamModes,
  Producer,
  type ProducerOptions,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { Arrivals } from './arrivals.ts'
import type { Seat } from './static-member.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'

type TextMessage = Message<string, string, string, string>
type TextConsumer = Consumer<string, string, string, string>

describe('@platformatic/kafka', { timeout: 30_000, concurrency: true }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy('@platformatic/kafka', stack)
  let broker: Broker
  let admin: Admin
  const groupConfig = { 'consumer.heartbeat.interval.ms': 50, 'consumer.assignment.interval.ms': 0 }
  before(async () => {
    broker = stack.use(await startBroker({ groupConfig, onRequest }))
    admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.bootstrapServers], retries: 10, retryDelay: 20 })
    stack.defer(() => admin.close())
  })

  const clientOptions = () => ({
    clientId: 'test',
    bootstrapBrokers: [broker.bootstrapServers],
    retries: 10,
    retryDelay: 20,
  })

  function connectProducer(options: Partial<ProducerOptions<string, string, string, string>> = {}) {
    const producer = new Producer({ ...clientOptions(), serializers: stringSerializers, ...options })
    return Object.assign(producer, { [Symbol.asyncDispose]: () => producer.close(true) })
  }

  function connectConsumer(groupId: string, options: Partial<ConsumerOptions<string, string, string, string>> = {}) {
    const consumer: TextConsumer = new Consumer({
      ...clientOptions(),
      groupId,
      deserializers: stringDeserializers,
      maxWaitTime: 50,
      heartbeatInterval: 50,
      sessionTimeout: 10_000,
      rebalanceTimeout: 10_000,
      ...options,
    })
    // Closing does not wait for a heartbeat that is on its way, and then tells that its connection is closed.
    let isClosing = false
    consumer.on('error', (error: unknown) => {
      if (!isClosing) throw error
    })
    return Object.assign(consumer, {
      [Symbol.asyncDispose]: () => {
        isClosing = true
        return consumer.close(true)
      },
    })
  }

  /** Hands over the records of a topic, from the committed offsets on, else from its beginning. */
  async function consume(consumer: TextConsumer, topic: string, received = new Arrivals<TextMessage>()) {
    const { COMMITTED } = MessagesStreamModes
    const stream = await consumer.consume({ topics: [topic], mode: COMMITTED, fallbackMode: 'earliest' })
    stream.on('data', received.add)
    return received
  }

  const valuesOf = (messages: readonly TextMessage[]) => messages.map(({ value }) => value).sort()

  describe('producer', () => {
    for (const compression of Object.values(CompressionAlgorithms)) {
      it(`has records read back as they were, compression ${compression}`, async () => {
        const topic = `kept-${compression}`
        await admin.createTopics({ topics: [topic] })
        await using producer = connectProducer({ compression, idempotent: true })
        const value = `"ü" \u0000 9007199254740993 ${'x'.repeat(10_000)}`

        await producer.send({ messages: [{ topic, key: 'ключ', value, headers: { trace: 'a1' } }] })
        await producer.send({ messages: [{ topic, key: 'second', value: '' }] })

        await using consumer = connectConsumer(topic)
        const [first, second] = await (await consume(consumer, topic)).first(2)
        assert.deepEqual([first!.key, first!.value, first!.offset], ['ключ', value, 0n])
        assert.deepEqual([...first!.headers], [['trace', 'a1']])
        assert.deepEqual([second!.key, second!.value, second!.offset], ['second', '', 1n])
      })
    }
  })

  describe('consumer group', () => {
    it('shares the partitions out anew whenever a member joins or leaves', async () => {
      await admin.createTopics({ topics: ['shared'], partitions: 6 })
      await using producer = connectProducer()
      const joins = new Arrivals<unknown>()
      const received = new Arrivals<TextMessage>()
      const join = async () => {
        const consumer = connectConsumer('sharers')
        consumer.on('consumer:group:join', joins.add)
        await consume(consumer, 'shared', received)
        return consumer
      }
      const partitionsOf = ({ assignments }: TextConsumer) => assignments?.flatMap(({ partitions }) => partitions) ?? []
      const dealt = (...members: TextConsumer[]) =>
        joins.until(() => {
          const shares = members.map(partitionsOf)
          const isFair = shares.every(({ length }) => length === 6 / members.length)
          return isFair && new Set(shares.flat()).size === 6
        })

      await using first = await join()
      await dealt(first)
      await using second = await join()
      await dealt(first, second)
      await using third = await join()
      await dealt(first, second, third)
      const group = (await admin.describeGroups({ groups: ['sharers'] })).get('sharers')!
      const values = ['0', '1', '2', '3', '4', '5']
      await producer.send({ messages: values.map((value) => ({ topic: 'shared', partition: Number(value), value })) })
      // A fetch that the client sent before the last rebalance may deliver a record once more.
      await received.until((all) => new Set(valuesOf(all)).size === values.length)
      await third.close(true)
      await dealt(first, second)

      assert.equal(group.state, 'Stable')
      assert.equal(group.members.size, 3)
    })

    it('has the broker share the partitions out whenever a member joins or leaves (KIP-848)', async () => {
      await admin.createTopics({ topics: ['dealt'], partitions: 6 })
      await using producer = connectProducer()
      const received = new Arrivals<TextMessage>()
      const join = async () => {
        const consumer: TextConsumer = new Consumer({
          ...clientOptions(),
          groupId: 'dealers',
          groupProtocol: 'consumer',
          deserializers: stringDeserializers,
          maxWaitTime: 50,
        })
        await consume(consumer, 'dealt', received)
        return Object.assign(consumer, { [Symbol.asyncDispose]: () => consumer.close(true) })
      }
      const shares = (...members: TextConsumer[]) =>
        members.map(({ assignments }) => assignments?.flatMap(({ partitions }) => partitions) ?? [])
      const dealt = (...members: TextConsumer[]) =>
        until('the partitions are dealt', () => {
          const dealtOut = shares(...members)
          const isFair = dealtOut.every(({ length }) => length === 6 / members.length)
          return Promise.resolve(isFair && new Set(dealtOut.flat()).size === 6)
        })

      await using first = await join()
      await dealt(first)
      await using second = await join()
      await dealt(first, second)
      const third = await join()
      await dealt(first, second, third)
      const values = ['0', '1', '2', '3', '4', '5']
      await producer.send({ messages: values.map((value) => ({ topic: 'dealt', partition: Number(value), value })) })
      await received.until((all) => new Set(valuesOf(all)).size === values.length)
      await third.close(true)

      await dealt(first, second)
    })

    it('gives a static member that comes back its place, and leaves the others alone', async () => {
      await admin.createTopics({ topics: ['static'], partitions: 4 })
      const joins = new Arrivals<unknown>()
      const take = async (groupInstanceId: string) => {
        const consumer = connectConsumer('statics', { groupInstanceId })
        consumer.topics.track('static')
        consumer.on('consumer:group:join', joins.add)
        await consumer.joinGroup()
        return consumer
      }
      const seat = [broker.bootstrapServers, 'statics', 'seat-1', 'static']
      const member = fork(path.join(import.meta.dirname, 'static-member.ts'), seat)
      let first: Seat | undefined
      member.on('message', (message: Seat) => joins.add((first = message)))
      await joins.until(() => first !== undefined)
      await using second = await take('seat-2')
      const isShared = () => [first!, second].every(({ assignments }) => assignments?.[0]?.partitions.length === 2)
      await joins.until(isShared)
      const { generationId } = second
      member.kill('SIGKILL')
      await once(member, 'exit')

      await using successor = await take('seat-1')

      assert.notEqual(successor.memberId, first!.memberId)
      assert.deepEqual(successor.assignments, first!.assignments)
      assert.equal(successor.generationId, generationId)
      const { members } = (await admin.describeGroups({ groups: ['statics'] })).get('statics')!
      const seats = new Map([...members.values()].map(({ id, groupInstanceId }) => [groupInstanceId, id]))
      assert.deepEqual(
        seats,
        new Map([
          ['seat-1', successor.memberId],
          ['seat-2', second.memberId],
        ]),
      )
    })

    it('goes on where it had committed', async () => {
      await admin.createTopics({ topics: ['resumed'] })
      await using producer = connectProducer()
      await producer.send({ messages: ['a', 'b'].map((value) => ({ topic: 'resumed', value })) })
      {
        await using consumer = connectConsumer('resumers', { autocommit: false })
        const [, last] = await (await consume(consumer, 'resumed')).first(2)
        await last!.commit()
      }

      await producer.send({ messages: [{ topic: 'resumed', value: 'c' }] })
      await using consumer = connectConsumer('resumers')

      assert.deepEqual(valuesOf(await (await consume(consumer, 'resumed')).first(1)), ['c'])
    })
  })

  describe('transactions', () => {
    const isolationLevel = FetchIsolationLevels.READ_COMMITTED

    it('show what was committed to read_committed consumers, and nothing that was aborted', async () => {
      await admin.createTopics({ topics: ['decided'] })
      await using producer = connectProducer({ idempotent: true, transactionalId: 'decider' })
      const send = async (value: string, end: 'commit' | 'abort') => {
        const transaction = await producer.beginTransaction()
        await transaction.send({ messages: [{ topic: 'decided', value }] })
        await transaction[end]()
      }

      await send('kept', 'commit')
      await send('dropped', 'abort')
      await send('kept too', 'commit')

      await using consumer = connectConsumer('committed', { isolationLevel })
      const received = await consume(consumer, 'decided')
      assert.deepEqual(valuesOf(await received.first(2)), ['kept', 'kept too'])
    })

    it('commit consumer offsets together with the records, or not at all', async () => {
      await admin.createTopics({ topics: ['in', 'out'] })
      await using source = connectProducer()
      await source.send({ messages: ['a', 'b'].map((value) => ({ topic: 'in', value })) })
      await using producer = connectProducer({ idempotent: true, transactionalId: 'mover' })
      const move = async (consumer: TextConsumer, message: TextMessage, end: 'commit' | 'abort') => {
        const transaction = await producer.beginTransaction()
        await transaction.addConsumer(consumer)
        await transaction.send({ messages: [{ topic: 'out', value: message.value }] })
        await transaction.addOffset(message)
        await transaction[end]()
      }

      await using consumer = connectConsumer('movers', { autocommit: false })
      const [first, second] = await (await consume(consumer, 'in')).first(2)
      await move(consumer, first!, 'commit')
      await move(consumer, second!, 'abort')

      const committed = await admin.listConsumerGroupOffsets({ groups: ['movers'], requireStable: true })
      assert.equal(committed[0]!.topics[0]!.partitions[0]!.committedOffset, 1n)
      await using reader = connectConsumer('out-readers', { isolationLevel })
      assert.deepEqual(valuesOf(await (await consume(reader, 'out')).first(1)), ['a'])
    })
  })

  describe('admin', () => {
    it('creates, grows, lists and deletes topics', async () => {
      await admin.createTopics({ topics: ['grown'] })
      // The client cannot leave the assignments to the broker.
      const assignments = Array.from({ length: 3 }, () => ({ brokerIds: [1] }))
      await admin.createPartitions({ topics: [{ name: 'grown', count: 4, assignments }] })

      const { topics } = await admin.metadata({ topics: ['grown'] })
      assert.equal(topics.get('grown')!.partitions.length, 4)
      await admin.deleteTopics({ topics: ['grown'] })
      assert.ok(!(await admin.listTopics()).includes('grown'))
    })

    it('describes the settings of a topic', async () => {
      await admin.createTopics({ topics: ['configured'], configs: [{ name: 'retention.ms', value: '1234' }] })

      const resources = [
        { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'configured', configurationKeys: ['retention.ms'] },
      ]
      const [description] = await admin.describeConfigs({ resources })

      assert.deepEqual(
        description!.configs.map(({ name, value }) => [name, value]),
        [['retention.ms', '1234']],
      )
    })

    it('lists, sets and deletes the offsets of a group, and the group', async () => {
      await admin.createTopics({ topics: ['administered'] })
      const groupId = 'administered'
      const offsets = async () => {
        const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
        return group!.topics.flatMap(({ partitions }) => partitions.map(({ committedOffset }) => committedOffset))
      }

      await admin.alterConsumerGroupOffsets({
        groupId,
        topics: [{ name: 'administered', partitionOffsets: [{ partition: 0, offset: 7n }] }],
      })
      assert.deepEqual(await offsets(), [7n])
      assert.ok((await admin.listGroups()).has(groupId))
      await admin.deleteConsumerGroupOffsets({ groupId, topics: [{ name: 'administered', partitionIndexes: [0] }] })
      assert.deepEqual(await offsets(), [])
    })

    it('finds offsets by place and by time, and deletes records up to one', async () => {
      await admin.createTopics({ topics: ['placed'] })
      await using producer = connectProducer()
      await producer.send({
        messages: [10n, 20n, 30n].map((timestamp) => ({ topic: 'placed', value: 'x', timestamp })),
      })
      const find = async (timestamp: bigint) => {
        const partitions = [{ partitionIndex: 0, timestamp }]
        const [topic] = await admin.listOffsets({ topics: [{ name: 'placed', partitions }] })
        return topic!.partitions[0]!.offset
      }
      const earliest = -2n

      assert.equal(await find(15n), 1n)
      await admin.deleteRecords({ topics: [{ name: 'placed', partitions: [{ partition: 0, offset: 2n }] }] })
      assert.equal(await find(earliest), 2n)
    })
  })
})
