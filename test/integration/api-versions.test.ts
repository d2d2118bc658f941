/** The versions that Millrace uses: whether their table is true, and what becomes of brokers that do not take them. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { apis, Cluster, sendBatches, TransactionalProducer } from '../../src/kafka/index.ts'
import { noHeaders, OutputBuilder, recordBatchOf, writePlainRecord } from '../../src/kernel/index.ts'
import { audit, explain, field, reset, stage, topology } from '../../src/streams/index.ts'
import { noMember } from '../transactions/session.ts'
import { assertRefused, startQuietly } from './run.ts'
import { until } from '../until.ts'

/** As Kafka 2.8 has them. */
const olderVersions = {
  Produce: [3, 9],
  Fetch: [4, 12],
  ListOffsets: [1, 6],
  Metadata: [0, 11],
  OffsetFetch: [1, 7],
  FindCoordinator: [0, 3],
  JoinGroup: [0, 7],
  LeaveGroup: [0, 4],
} as const

/** As Kafka 3.5 has them, where the embedded broker has later ones. */
const versionsOfKafka35 = {
  Fetch: [4, 15],
  Produce: [3, 9],
  ListOffsets: [1, 8],
  Metadata: [0, 12],
  OffsetCommit: [2, 8],
  OffsetFetch: [1, 8],
  FindCoordinator: [0, 4],
  DescribeGroups: [0, 5],
  ListGroups: [0, 4],
  ApiVersions: [0, 3],
  InitProducerId: [0, 4],
  AddPartitionsToTxn: [0, 4],
  AddOffsetsToTxn: [0, 3],
  EndTxn: [0, 3],
  TxnOffsetCommit: [0, 3],
  DescribeCluster: [0, 0],
  ListTransactions: [0, 0],
} as const

const shop = topology('shop')
  .source('orders')
  .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
  .correlate('by-id', field('id'), { of: ['A', 'B'] })
  .sink('merged')

describe('the table of versions', () => {
  it('is what programs and commands send, no more and no less', async (t) => {
    const sent = new Set<string>()
    const users = { alice: 'pa55word' }
    await using broker = await startBroker({
      sasl: { users },
      topics: [{ name: 'orders' }, { name: 'merged' }],
      onRequest: ({ api, version }) => sent.add(`${api} ${version}`),
    })
    const { bootstrapServers } = broker
    const sasl = { mechanism: 'SCRAM-SHA-256', username: 'alice', password: users.alice } as const
    const cluster = clusterOf(t, { bootstrapServers, sasl })

    await produce(cluster, 'orders', [
      '{"side":"A","id":1,"part":1}',
      '{"side":"B","id":1,"part":2}',
      '{"side":"A","id":2}',
    ])
    const app = await startQuietly(shop, bootstrapServers, { sasl, heartbeatIntervalMs: 10 })
    await app.caughtUp
    await until('a heartbeat is sent', () => sent.has('Heartbeat 4'))
    await app.stop()
    await explain({ bootstrapServers, sasl, app: 'shop', key: '1' })
    await audit({ bootstrapServers, sasl, app: 'shop' })
    await reset({ bootstrapServers, sasl, app: 'shop' })
    await commitByVersion1(cluster)

    const { describeProducers, listTransactions, incrementalAlterConfigs, createPartitions, deleteRecords } = apis
    const { consumerGroupHeartbeat, consumerGroupDescribe, streamsGroupHeartbeat, streamsGroupDescribe } = apis
    // Asked where a transaction stays open, and where a topic that exists has other settings; where letters of a further
    // source are redriven; where a merge goes on into a further correlation; and where several members are at work.
    const asked = [describeProducers, listTransactions, incrementalAlterConfigs, createPartitions, deleteRecords]
    const askedByMembers = [consumerGroupHeartbeat, consumerGroupDescribe, streamsGroupHeartbeat, streamsGroupDescribe]
    const seldom = [...asked, ...askedByMembers].map(latestOf)
    const others = [...sent].filter((each) => !seldom.includes(each))
    const expected = Object.values(apis)
      .map(latestOf)
      .filter((each) => !seldom.includes(each))
    assert.deepEqual(others.sort(), expected.sort())
  })
})

describe('a broker of an older release', () => {
  it('is asked in the latest versions that it has, for transactions of version 1', async (t) => {
    const sent = new Set<string>()
    await using broker = await startBroker({
      versions: versionsOfKafka35,
      topics: [{ name: 'orders' }, { name: 'merged' }],
      onRequest: ({ api, version }) => sent.add(`${api} ${version}`),
    })
    const { bootstrapServers } = broker
    const cluster = clusterOf(t, { bootstrapServers })
    await produce(cluster, 'orders', ['{"side":"A","id":1,"part":1}', '{"side":"B","id":1,"part":2}'])

    const app = await startQuietly(shop, bootstrapServers)
    await app.caughtUp
    await app.stop()
    const { verdict } = await audit({ bootstrapServers, app: 'shop' })
    await reset({ bootstrapServers, app: 'shop' })

    assert.equal(app.report().mergedRecords, 1)
    assert.equal(verdict, 'proved')
    const latest = ['Fetch 15', 'ListOffsets 8', 'Metadata 12', 'InitProducerId 4']
    const ofVersion1 = ['Produce 9', 'AddPartitionsToTxn 3', 'AddOffsetsToTxn 3', 'EndTxn 3', 'TxnOffsetCommit 3']
    assert.deepEqual(
      [...latest, ...ofVersion1].filter((each) => !sent.has(each)),
      [],
    )
  })
})

describe('a broker that is too old', () => {
  it('ends a start at once, with all that it lacks', async () => {
    await using broker = await startBroker({ versions: olderVersions })

    await assertRefused(shop, broker.bootstrapServers, {
      code: 'KAFKA_VERSION_UNSUPPORTED',
      retryable: false,
      message:
        `broker ${broker.bootstrapServers} is too old, or another one than Apache Kafka 3.2 or later: it takes ` +
        'Fetch 4 to 12, 13 is needed; ListOffsets 1 to 6, 7 is needed; Metadata 0 to 11, 12 is needed; ' +
        'OffsetFetch 1 to 7, 8 is needed; FindCoordinator 0 to 3, 4 is needed; JoinGroup 0 to 7, 9 is needed; ' +
        'LeaveGroup 0 to 4, 5 is needed',
    })
  })

  it('ends a command that asks for what it lacks, and no other', async (t) => {
    await using broker = await startBroker({
      versions: { DeleteGroups: [0, 1] },
      topics: [{ name: 'orders' }, { name: 'merged' }],
    })
    const { bootstrapServers } = broker
    const cluster = clusterOf(t, { bootstrapServers })
    await produce(cluster, 'orders', ['{"side":"A","id":1,"part":1}'])
    const app = await startQuietly(shop, bootstrapServers)
    await app.caughtUp
    await app.stop()

    await audit({ bootstrapServers, app: 'shop' })
    await assert.rejects(reset({ bootstrapServers, app: 'shop' }), {
      code: 'KAFKA_VERSION_UNSUPPORTED',
      message: /DeleteGroups 0 to 1, 2 is needed/,
    })
  })
})

function latestOf({ name, versions: [, last] }: { name: string; versions: readonly [number, number] }): string {
  return `${name} ${last}`
}

function clusterOf(t: TestContext, options: ConstructorParameters<typeof Cluster>[0]): Cluster {
  const cluster = new Cluster(options)
  t.after(() => cluster.close())
  return cluster
}

async function produce(cluster: Cluster, name: string, values: readonly string[]): Promise<void> {
  const [topic] = await cluster.topics([name])
  const batches = values.map((value) => ({
    partition: 0,
    bytes: recordBatchOf(0, systemClock.nowMs(), { key: undefined, value: Buffer.from(value), ...noHeaders }),
  }))
  await sendBatches(cluster, topic!, batches, () => {})
}

/** Writes a record and commits an offset, as to brokers that know no transactions of version 2. */
async function commitByVersion1(cluster: Cluster): Promise<void> {
  const producer = new TransactionalProducer({
    cluster,
    topics: await cluster.topics(['merged']),
    transactionalId: 'older',
    transactionTimeoutMs: 60_000,
    group: 'older',
    member: async () => noMember,
    onFailed: (error) => assert.fail(error),
    transactionVersion: 1,
  })
  await producer.begin()
  const out = new OutputBuilder({
    sink: 0,
    partitionCount: 1,
    batchBytes: 1_000,
    onFilled: (batch) => producer.send(batch, () => {}),
  })
  writePlainRecord(out, 0, systemClock.nowMs(), { key: undefined, value: Buffer.from('by hand'), ...noHeaders })
  out.flush()
  await producer.commit([{ topic: 'orders', offsets: [1] }])
  producer.stop()
}
