import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import {
  Connection,
  endTxnV4,
  fetchV13,
  listOffsetsV7,
  metadataV12,
  type ProtocolError,
  type ResponseError,
} from '@platformatic/kafka'
import { Kafka, type KafkaConfig, logLevel, type ProducerConfig } from 'kafkajs'
import { MillraceError } from '../core/errors.ts'
import { type Broker, startBroker } from './broker.ts'
import { until } from '../../test/until.ts'

describe('startBroker', () => {
  it('accepts connections when it resolves, and none after it has stopped', async () => {
    const broker = await startBroker()

    const first = connect(broker.port, broker.host)
    await once(first, 'connect')
    // Whether it ends or breaks is the system's choice.
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    first.on('error', () => {}).on('close', () => resolve())
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
      assert.ok(MillraceError.is(error))
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

describe('the logs of a broker', () => {
  const dayMs = 86_400_000
  const start = async () => {
    const broker = await startBroker({ topics: [{ name: 'orders', config: { 'retention.ms': String(dayMs) } }] })
    await using producer = await connectProducer(broker)
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
    return broker
  }
  const lowOf = async (broker: Broker) => {
    await using admin = await connectAdmin(broker)
    const [partition] = await admin.fetchTopicOffsets('orders')
    return partition!.low
  }

  it('are cleaned when that is asked for', async () => {
    await using broker = await start()

    await broker.cleanLogs()
    const young = await lowOf(broker)
    await broker.advanceClock(2 * dayMs)
    await broker.cleanLogs()

    assert.deepEqual([young, await lowOf(broker)], ['0', '1'])
  })

  it('are cleaned by the clock of the broker', { timeout: 10_000 }, async () => {
    await using broker = await start()

    await broker.advanceClock(2 * dayMs)

    await until('the log begins later', async () => (await lowOf(broker)) !== '0')
  })
})

describe('an authorizer', () => {
  it('knows everybody as User:ANONYMOUS where nobody proves who he is', async () => {
    await using broker = await startBroker({ topics: [{ name: 'orders' }], authorizer: {} })
    await using open = await startBroker({
      topics: [{ name: 'orders' }],
      authorizer: { superUsers: ['User:ANONYMOUS'] },
    })
    await using admin = await connectAdmin(broker)
    await using superUser = await connectAdmin(open)

    await assert.rejects(admin.fetchTopicOffsets('orders'), { type: 'TOPIC_AUTHORIZATION_FAILED' })
    assert.equal((await superUser.fetchTopicOffsets('orders')).length, 1)
  })
})

describe('a fault', () => {
  const topics = [{ name: 'orders' }]
  const one = { topic: 'orders', messages: [{ value: 'one' }] }
  const endOf = async (broker: Broker) => {
    await using admin = await connectAdmin(broker)
    const [partition] = await admin.fetchTopicOffsets('orders')
    return partition!.offset
  }

  it('loses a request, which the client then sends again', async () => {
    await using broker = await startBroker({ topics })
    await using producer = await connectProducer(broker, { retry: { retries: 3 } })

    await broker.injectFault({ api: 'Produce', effect: { kind: 'loseRequest' } })
    await producer.send(one)

    assert.equal(await endOf(broker), '1')
  })

  it('loses an answer, so that only an idempotent producer repeats itself without harm', async () => {
    await using broker = await startBroker({ topics })
    await using plain = await connectProducer(broker, { retry: { retries: 3 } })
    await using idempotent = await connectProducer(broker, { retry: { retries: 3 }, idempotent: true })
    const fault = { api: 'Produce', effect: { kind: 'loseAnswer' } } as const

    await broker.injectFault(fault)
    await plain.send(one)
    const repeated = await endOf(broker)
    await broker.injectFault(fault)
    await idempotent.send(one)

    assert.deepEqual([repeated, await endOf(broker)], ['2', '3'])
  })

  it('never answers as many requests as it is told, although they are carried out', async () => {
    await using broker = await startBroker({ topics })
    await using producer = await connectProducer(broker, { requestTimeout: 50 })

    await broker.injectFault({ api: 'Produce', count: 2, effect: { kind: 'neverAnswer' } })

    await assert.rejects(producer.send(one), /timed out/)
    await assert.rejects(producer.send(one), /timed out/)
    await producer.send(one)
    assert.equal(await endOf(broker), '3')
  })

  it('delays the answers to one client and not to others', async () => {
    await using broker = await startBroker({ topics })
    await using slow = await connectAdmin(broker, { clientId: 'slow' })
    await using fast = await connectAdmin(broker, { clientId: 'fast' })
    const order: string[] = []

    await broker.injectFault({ api: 'Metadata', clientId: 'slow', effect: { kind: 'delayAnswer', delayMs: 100 } })
    await Promise.all([
      slow.listTopics().then(() => order.push('slow')),
      fast.listTopics().then(() => order.push('fast')),
    ])

    assert.deepEqual(order, ['fast', 'slow'])
  })
})

describe('a fault of the answer', () => {
  /** Metadata in version 1, for no topics; answered by one broker and no topic. */
  const question = Buffer.from('0000000e' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex')

  it('sends it twice', async () => {
    await using broker = await startBroker()
    const client = connect(broker.port, broker.host)
    await broker.injectFault({ api: 'Metadata', effect: { kind: 'answerTwice' } })

    client.write(question)
    const received: Buffer[] = []
    for await (const chunk of client) {
      received.push(chunk as Buffer)
      const bytes = Buffer.concat(received)
      if (bytes.length === 2 * (4 + bytes.readInt32BE(0))) break
    }

    const bytes = Buffer.concat(received)
    assert.deepEqual(bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2))
  })

  it('refuses as many requests as it is told with any error, and does not carry them out', async () => {
    const notLeader = 6
    await using broker = await startBroker({ topics: [{ name: 'orders' }] })
    await using admin = await connectAdmin(broker)
    await using producer = await connectProducer(broker, { retry: { retries: 3, initialRetryTime: 10 } })

    await broker.injectFault({ api: 'Produce', count: 2, effect: { kind: 'refuse', errorCode: notLeader } })
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })

    const [partition] = await admin.fetchTopicOffsets('orders')
    assert.equal(partition!.offset, '1')
  })

  it('refuses a whole transaction with an error that no retry helps against', async () => {
    const transactionalIdAuthorizationFailed = 53
    await using broker = await startBroker({ topics: [{ name: 'orders' }] })
    await using producer = await connectProducer(broker, { transactionalId: 'seller', maxInFlightRequests: 1 })
    const effect = { kind: 'refuse', errorCode: transactionalIdAuthorizationFailed } as const
    await broker.injectFault({ api: 'AddPartitionsToTxn', effect })

    const transaction = await producer.transaction()
    const sent = transaction.send({ topic: 'orders', messages: [{ value: 'one' }] })

    await assert.rejects(sent, { type: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' })
    await transaction.abort()
  })
})

describe("the broker's clock", () => {
  it('jumps over the session of a member, which then joins again', async () => {
    await using broker = await startBroker({ topics: [{ name: 'orders' }] })
    const consumer = kafkaOf(broker, { retry: { retries: 3 } }).consumer({
      groupId: 'readers',
      sessionTimeout: 60_000,
      heartbeatInterval: 50,
      maxWaitTimeInMs: 50,
    })
    const joined = () =>
      new Promise<string>((resolve) => consumer.on('consumer.group_join', (event) => resolve(event.payload.memberId)))
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders' })
    const firstJoin = joined()
    await consumer.run({ eachMessage: async () => {} })
    const first = await firstJoin

    const secondJoin = joined()
    await broker.advanceClock(60_000)

    assert.notEqual(await secondJoin, first)
    await consumer.disconnect()
  })

  it('jumps over the timeout of a transaction, which is then aborted', async () => {
    await using broker = await startBroker({ topics: [{ name: 'orders' }] })
    await using producer = await connectProducer(broker, {
      transactionalId: 'seller',
      transactionTimeout: 60_000,
      maxInFlightRequests: 1,
    })
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'orders', messages: [{ value: 'one' }] })

    await broker.advanceClock(60_000)

    await assert.rejects(transaction.commit(), { type: 'INVALID_PRODUCER_EPOCH' })
  })
})

describe('several brokers', () => {
  const topics = [{ name: 'orders', partitions: 3 }]
  const one = { topic: 'orders', messages: [{ value: 'one', partition: 0 }] }
  const patient = { retry: { retries: 5, initialRetryTime: 10 } }

  it('share the partitions out, and each leads its own', async () => {
    await using broker = await startBroker({ brokers: 3, topics })
    await using admin = await connectAdmin(broker)
    await using producer = await connectProducer(broker)

    const { brokers } = await admin.describeCluster()
    const { topics: described } = await admin.fetchTopicMetadata({ topics: ['orders'] })
    await producer.send({ topic: 'orders', messages: [0, 1, 2].map((partition) => ({ value: 'one', partition })) })

    assert.equal(new Set(brokers.map(({ port }) => port)).size, 3)
    assert.deepEqual(
      described[0]!.partitions.map(({ leader }) => leader),
      [1, 2, 3],
    )
    const offsets = await admin.fetchTopicOffsets('orders')
    assert.deepEqual(
      offsets.map(({ offset }) => offset),
      ['1', '1', '1'],
    )
  })

  it('take a partition over from one another: its records stay, its clients follow', async () => {
    await using broker = await startBroker({ brokers: 2, topics })
    await using admin = await connectAdmin(broker, patient)
    await using producer = await connectProducer(broker, patient)
    await using hasty = await connectProducer(broker)
    await producer.send(one)
    await hasty.send(one)

    await broker.moveLeader({ topic: 'orders', partition: 0, to: 2 })
    await assert.rejects(hasty.send(one), /not the leader/)
    await producer.send(one)

    const offsets = await admin.fetchTopicOffsets('orders')
    assert.equal(offsets.find(({ partition }) => partition === 0)!.offset, '3')
  })

  it('refuse readers of what another one leads, even those who wait already', async () => {
    await using broker = await startBroker({ brokers: 2, topics })
    const first = new Connection('test')
    await first.connect(broker.host, broker.port)
    const described = async () => (await metadataV12.api.async(first, ['orders'], false, false)).topics[0]!
    const { topicId } = await described()
    const place = { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0n, lastFetchedEpoch: -1, partitionMaxBytes: 1 }
    const wanted = [{ topicId, partitions: [place] }]
    const waiting = fetchV13.api.async(first, 60_000, 1, 1, 0, 0, -1, wanted, [], '')

    await Promise.all([
      assert.rejects(waiting, isAnsweredWith('NOT_LEADER_OR_FOLLOWER')),
      broker.moveLeader({ topic: 'orders', partition: 0, to: 2 }),
    ])

    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }]
    const asked = listOffsetsV7.api.async(first, -1, 0, [{ name: 'orders', partitions }])
    await assert.rejects(asked, isAnsweredWith('NOT_LEADER_OR_FOLLOWER'))
    const { leaderId, leaderEpoch } = (await described()).partitions.find(({ partitionIndex }) => partitionIndex === 0)!
    assert.deepEqual([leaderId, leaderEpoch], [2, 1])
    await first.close()
  })

  it('take a group over from one another: its offsets stay, its members follow', async () => {
    await using broker = await startBroker({ brokers: 2, topics })
    await using admin = await connectAdmin(broker, patient)
    const consumer = kafkaOf(broker, patient).consumer({
      groupId: 'readers',
      heartbeatInterval: 20,
      maxWaitTimeInMs: 20,
    })
    const joined = () => new Promise((resolve) => consumer.on('consumer.group_join', resolve))
    const firstJoin = joined()
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders' })
    await consumer.run({ eachMessage: async () => {} })
    await firstJoin
    await consumer.commitOffsets([{ topic: 'orders', partition: 0, offset: '0' }])

    const secondJoin = joined()
    await broker.moveCoordinator({ groupId: 'readers', to: 2 })
    await secondJoin
    await consumer.commitOffsets([{ topic: 'orders', partition: 1, offset: '0' }])

    const [offsets] = await admin.fetchOffsets({ groupId: 'readers', topics: ['orders'] })
    const committed = new Map(offsets!.partitions.map(({ partition, offset }) => [partition, offset]))
    assert.deepEqual([committed.get(0), committed.get(1)], ['0', '0'])
    await consumer.disconnect()
  })

  it('take a transaction over from one another, even while it is open', async () => {
    await using broker = await startBroker({ brokers: 2, topics })
    await using producer = await connectProducer(broker, {
      ...patient,
      transactionalId: 'seller',
      maxInFlightRequests: 1,
    })

    const transaction = await producer.transaction()
    await transaction.send(one)
    await broker.moveCoordinator({ transactionalId: 'seller', to: 2 })
    await transaction.commit()

    const next = await producer.transaction()
    const [sent] = await next.send(one)
    await next.commit()
    // After the first record and its marker.
    assert.equal(sent!.baseOffset, '2')
    const first = new Connection('test')
    await first.connect(broker.host, broker.port)
    const ended = endTxnV4.api.async(first, 'seller', 0n, 0, true)
    await assert.rejects(ended, isAnsweredWith('NOT_COORDINATOR'))
    await first.close()
  })

  it('refuse to move what is not there, or to where no broker is', async () => {
    await using broker = await startBroker({ brokers: 2, topics })
    const refused = { code: 'BROKER_MOVE_REFUSED' }

    await assert.rejects(broker.moveLeader({ topic: 'orders', partition: 3, to: 2 }), refused)
    await assert.rejects(broker.moveLeader({ topic: 'orders', partition: 0, to: 3 }), refused)
    await assert.rejects(broker.moveCoordinator({ groupId: 'readers', to: 3 }), refused)
  })
})

describe('a suspended broker', () => {
  it('is gone for its clients, and has kept everything when it resumes', async () => {
    await using broker = await startBroker({ topics: [{ name: 'orders' }] })
    await using producer = await connectProducer(broker, { retry: { retries: 10, initialRetryTime: 10 } })
    const send = () => producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
    await send()

    await broker.suspend()
    const late = connect(broker.port, broker.host)
    const [refusal] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    const sent = send()
    await broker.resume()
    await sent

    assert.equal(refusal.code, 'ECONNREFUSED')
    await using admin = await connectAdmin(broker)
    const [partition] = await admin.fetchTopicOffsets('orders')
    assert.equal(partition!.offset, '2')
  })

  it('cannot resume at a port that was taken meanwhile, and may be stopped', async () => {
    await using broker = await startBroker()
    await broker.suspend()
    await using other = await startBroker({ port: broker.port })

    await assert.rejects(broker.resume(), { code: 'BROKER_LISTEN_FAILED' })
    assert.equal(other.port, broker.port)
  })
})

function isAnsweredWith(apiId: string) {
  return ({ errors: [error] }: ResponseError) => (error as ProtocolError).apiId === apiId
}

type ClientOptions = Partial<KafkaConfig & ProducerConfig>

function kafkaOf(broker: Broker, options: ClientOptions = {}): Kafka {
  const settings = { brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING, retry: { retries: 0 } }
  return new Kafka({ ...settings, ...options })
}

async function connectAdmin(broker: Broker, options?: ClientOptions) {
  const admin = kafkaOf(broker, options).admin()
  await admin.connect()
  return Object.assign(admin, { [Symbol.asyncDispose]: () => admin.disconnect() })
}

async function connectProducer(broker: Broker, options?: ClientOptions) {
  const producer = kafkaOf(broker, options).producer(options)
  await producer.connect()
  return Object.assign(producer, { [Symbol.asyncDispose]: () => producer.disconnect() })
}
