import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  apiVersions,
  initProducerId,
  metadata,
  PauseClock,
  ScriptedBroker,
  settled,
  topicId,
  unusedPort,
} from '../../../test/kafka-peer/index.ts'
import { BrokerWaits } from './broker-waits.ts'
import { apis } from '../network/apis.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'

const coordinatorLoading = 14
const clusterAuthorizationFailed = 31

describe('Cluster', () => {
  it('knows topics, and the brokers that lead their partitions', async (t) => {
    const other = await startBroker(t, 2)
    const { broker, cluster } = await start(t)
    broker.serveTopics([broker, other], [{ name: 'orders', leaders: [2, 1] }])

    const topics = await cluster.topics(['orders'])
    const connection = await cluster.connection(2, 'fetch')

    assert.deepEqual(topics, [
      {
        name: 'orders',
        id: Buffer.from(topicId, 'base64url')
          .toString('hex')
          .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
        partitions: [
          { leader: 2, leaderEpoch: 7 },
          { leader: 1, leaderEpoch: 7 },
        ],
        replicaCount: 1,
      },
    ])
    assert.equal(connection.port, other.port)
  })

  it('sorts partitions, which brokers list in any order', async (t) => {
    const { broker, cluster } = await start(t)
    const rest = { leaderEpoch: 7, replicaNodes: [], isrNodes: [] }
    const partition = (partitionIndex: number, leaderId: number) => ({ partitionIndex, leaderId, ...rest })
    broker.serve(metadata, () => ({
      brokers: [],
      topics: [{ errorCode: 0, name: 'orders', partitions: [partition(2, 30), partition(0, 10), partition(1, 20)] }],
    }))

    const [topic] = await cluster.topics(['orders'])

    assert.deepEqual(
      topic!.partitions.map(({ leader }) => leader),
      [10, 20, 30],
    )
  })

  it('tells a topic that does not exist from one whose partition has no leader', async (t) => {
    const { broker, cluster } = await start(t)
    broker.serveTopics([broker], [{ name: 'orders', leaders: [1, -1] }])

    await assert.rejects(cluster.topics(['order']), { code: 'KAFKA_TOPIC_MISSING', details: { topic: 'order' } })
    await assert.rejects(cluster.topicsOnce(['orders']), { code: 'KAFKA_UNAVAILABLE', retryable: true })
    await assert.rejects(cluster.connection(7, 'fetch'), { code: 'KAFKA_UNAVAILABLE', retryable: true })
  })

  it('waits for a topic that was just created', async (t) => {
    const { broker, clock, cluster } = await start(t)
    broker.serveTopics([broker], [])
    const ready = cluster.topicWhenReady('orders')

    await clock.passPause()
    await clock.passPause()
    broker.serveTopics([broker], [{ name: 'orders', leaders: [1] }])
    await clock.passPause()

    assert.equal((await ready).name, 'orders')
  })

  it('waits for a new topic for half a minute only', async (t) => {
    const { broker, clock, cluster } = await start(t)
    broker.serveTopics([broker], [])
    let hasFailed = false
    const missing = assert.rejects(cluster.topicWhenReady('orders'), { code: 'KAFKA_TOPIC_MISSING' })
    void missing.finally(() => (hasFailed = true))
    const startMs = clock.monotonicMs()

    while (clock.monotonicMs() - startMs < 30_000) {
      assert.equal(hasFailed, false)
      await clock.passPause()
    }

    await missing
  })

  it('passes over bootstrap servers that are dead', async (t) => {
    const broker = await startBroker(t, 1)
    broker.serveTopics([broker], [{ name: 'orders', leaders: [1] }])
    const dead = `127.0.0.1:${await unusedPort()}`
    const { cluster } = await start(t, { bootstrapServers: `${dead}, ${broker.bootstrapServers}` })

    assert.equal((await cluster.topics(['orders'])).length, 1)
  })

  it('fails as the last one did when all bootstrap servers are dead', async (t) => {
    const { cluster } = await start(t, { bootstrapServers: `127.0.0.1:${await unusedPort()}`, retryMs: 0 })

    await assert.rejects(cluster.topics(['orders']), {
      code: 'KAFKA_CONNECTION_FAILED',
      message: /^broker 127\.0\.0\.1:\d+: the connection failed: nothing listens there \(ECONNREFUSED\)$/,
    })
  })

  it('turns to another broker when one takes requests but does not answer', async (t) => {
    const silent = await startBroker(t, 2)
    const broker = await startBroker(t, 1)
    broker.serve(initProducerId, () => ({ errorCode: 0, producerId: 5, producerEpoch: 0 }))
    const bootstrapServers = `${silent.bootstrapServers},${broker.bootstrapServers}`
    const { clock, cluster } = await start(t, { bootstrapServers })
    const answer = cluster.ask('asking', apis.initProducerId, newId)
    await silent.take(initProducerId)

    await clock.advance(30_000)
    await clock.passPause()

    assert.equal((await answer).producerId, 5)
  })

  it('tries the next broker a second after one that accepts connections and never answers', async (t) => {
    const silent = await startBroker(t, 2)
    const broker = await startBroker(t, 1)
    silent.hold(apiVersions)
    broker.serveTopics([broker], [])
    const { clock, cluster } = await start(t, {
      bootstrapServers: `${silent.bootstrapServers},${broker.bootstrapServers}`,
    })
    const topics = cluster.topics([])
    await silent.next()
    assert.equal(broker.connectionCount, 0)

    await clock.advance(1_000)

    assert.deepEqual(await topics, [])
    // From then on the one that has answered comes first.
    assert.deepEqual(await cluster.topics([]), [])
    assert.equal(silent.connectionCount, 1)
  })

  it('waits without a bound for brokers that are away, and tells that', async (t) => {
    const told: string[] = []
    const clock = new PauseClock()
    const waits = new BrokerWaits({
      clock,
      onWaiting: ({ waitingFor, error }) => told.push(`${waitingFor}: ${error?.code}`),
      onOver: () => told.push('over'),
    })
    const { broker, cluster } = await start(t, { clock, waits })
    broker.hold(apiVersions)
    let isRefusing = true
    const refused = (async () => {
      while (isRefusing) (await broker.next()).reset()
    })()
    const topics = cluster.topics([])

    while (clock.monotonicMs() < 290_000) await clock.passPause()
    assert.equal(told.length, 5)
    assert.ok(
      told.slice(1).every((line) => /^reading metadata.*: KAFKA_CONNECTION_FAILED$/.test(line)),
      told.join('\n'),
    )
    isRefusing = false
    broker.serveTopics([broker], [])
    await passing(clock, refused)
    broker.serveVersions()

    assert.deepEqual(await passing(clock, topics), [])
    await clock.advance(4_000)
    assert.deepEqual(told.slice(5), ['over'])
  })

  it('finds a broker at its new address', async (t) => {
    const moved = await startBroker(t, 1)
    const { broker, cluster } = await start(t)
    broker.serveTopics([broker], [])
    await cluster.topics([])
    broker.serveTopics([moved], [])
    await cluster.topics([])

    assert.equal((await cluster.connection(1, 'fetch')).port, moved.port)
  })

  it('forgets brokers that have left', async (t) => {
    const gone = await startBroker(t, 2)
    const { broker, cluster } = await start(t)
    broker.serveTopics([broker, gone], [])
    await cluster.topics([])
    await cluster.connection(2, 'fetch')
    broker.serveTopics([broker], [])
    await cluster.topics([])

    await assert.rejects(cluster.connection(2, 'fetch'), { code: 'KAFKA_UNAVAILABLE' })
  })

  it('shares one connection among all who ask for the same purpose, and replaces it when it breaks', async (t) => {
    const { broker, cluster } = await start(t)
    broker.serveTopics([broker], [])
    await cluster.topics([])
    const before = broker.connectionCount

    const [first, second] = await Promise.all([cluster.connection(1, 'fetch'), cluster.connection(1, 'fetch')])
    const forProduce = await cluster.connection(1, 'produce')
    assert.equal(first, second)
    assert.notEqual(first, forProduce)
    assert.equal(broker.connectionCount, before + 2)
    first.close()

    assert.notEqual(await cluster.connection(1, 'fetch'), first)
    assert.equal(await cluster.connection(1, 'produce'), forProduce)
  })

  it('repeats a request while the error is one that passes', async (t) => {
    const { broker, clock, cluster } = await start(t)
    const answer = cluster.ask('asking', apis.initProducerId, newId)

    ;(await broker.take(initProducerId)).answer({ errorCode: coordinatorLoading })
    await clock.passPause()
    ;(await broker.take(initProducerId)).raw.reset()
    await clock.passPause()
    ;(await broker.take(initProducerId)).answer({ errorCode: 0, producerId: 5, producerEpoch: 0 })

    assert.equal((await answer).producerId, 5)
  })

  it('says what a broker refuses, and does not ask again', async (t) => {
    const { broker, clock, cluster } = await start(t)
    const refused = assert.rejects(cluster.ask('asking for an id', apis.initProducerId, newId), {
      code: 'KAFKA_REFUSED',
      message: 'asking for an id: CLUSTER_AUTHORIZATION_FAILED',
      details: { brokerError: 'CLUSTER_AUTHORIZATION_FAILED' },
    })

    ;(await broker.take(initProducerId)).answer({ errorCode: clusterAuthorizationFailed })

    await refused
    assert.equal(clock.pauseCount, 0)
  })

  it('fails everything that waits when it is closed, and leaves nothing behind', async (t) => {
    const { broker, clock, cluster } = await start(t)
    broker.serveTopics([broker], [])
    await cluster.topics([])
    broker.hold(metadata)
    const closed = { code: 'KAFKA_CLOSED', retryable: false }
    const underWay = assert.rejects(cluster.topics(['orders']), closed)
    const connecting = assert.rejects(cluster.connection(1, 'fetch'), closed)
    await broker.take(metadata)

    await cluster.close()

    await underWay
    await connecting
    await assert.rejects(cluster.topics(['orders']), closed)
    await settled()
    assert.equal(clock.pendingTimers, 0)
  })

  it('ends a pause when it is closed', async (t) => {
    const { broker, clock, cluster } = await start(t)
    const refused = assert.rejects(cluster.ask('asking', apis.initProducerId, newId), { code: 'KAFKA_CLOSED' })
    ;(await broker.take(initProducerId)).answer({ errorCode: coordinatorLoading })
    while (clock.pauseCount === 0) await settled()

    await cluster.close()

    await refused
  })

  for (const bootstrapServers of [
    '',
    'localhost',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'a:1,,b:2',
    ',',
    'a b:1',
  ]) {
    it(`refuses "${bootstrapServers}" for bootstrap servers`, () => {
      assert.throws(() => new Cluster({ bootstrapServers }), { name: 'ConfigError', code: 'CONFIG_INVALID_VALUE' })
    })
  }

  it('takes a list that ends with its separator', async (t) => {
    const { broker, cluster } = await start(t, { bootstrapServers: `127.0.0.1:${await unusedPort()}, ` })
    const whole = new Cluster({ bootstrapServers: `${broker.bootstrapServers},` })
    broker.serveTopics([broker], [])

    assert.deepEqual(await whole.topics([]), [])

    await whole.close()
    await cluster.close()
  })

  it('explains bootstrap servers with a protocol in front', () => {
    for (const [server, says] of [
      ['PLAINTEXT://kafka:9092', /names a protocol.*give "kafka:9092"/],
      ['SASL_SSL://kafka:9093', /give "kafka:9093", TLS is asked for by tls, who this client is by sasl/],
    ] as const) {
      assert.throws(() => new Cluster({ bootstrapServers: server }), { code: 'CONFIG_INVALID_VALUE', message: says })
    }
  })

  it('says who has told the address of a broker that cannot be reached', async (t) => {
    const gone = await startBroker(t, 2)
    const { broker, cluster } = await start(t)
    broker.serveTopics([broker, gone], [])
    await cluster.topics([])
    const { port } = gone
    await gone[Symbol.asyncDispose]()

    await assert.rejects(cluster.connection(2, 'fetch'), {
      code: 'KAFKA_CONNECTION_FAILED',
      message: `broker 2, advertised by broker ${broker.bootstrapServers} as 127.0.0.1:${port}: the connection failed: nothing listens there (ECONNREFUSED)`,
    })
  })

  it('takes an IPv6 address in brackets', async (t) => {
    const { cluster } = await start(t, { bootstrapServers: `[::1]:${await unusedPort()}`, retryMs: 0 })

    await assert.rejects(cluster.topics([]), { code: 'KAFKA_CONNECTION_FAILED', message: /broker ::1:/ })
  })
})

/** What a promise comes to while the client's pauses pass. */
async function passing<Value>(clock: PauseClock, promise: Promise<Value>): Promise<Value> {
  let isDone = false
  const done = promise.finally(() => (isDone = true))
  while (!isDone) await Promise.race([clock.passPause(), done])
  return done
}

async function startBroker(t: TestContext, nodeId: number): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.start(nodeId)
  t.after(() => broker[Symbol.asyncDispose]())
  return broker
}

async function start(t: TestContext, options: Partial<ClusterOptions> = {}) {
  const broker = await startBroker(t, 1)
  const clock = new PauseClock()
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock, ...options })
  t.after(() => cluster.close())
  return { broker, clock, cluster }
}

const newId = { transactionalId: null, transactionTimeoutMs: 0 }
