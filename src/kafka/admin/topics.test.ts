import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { deleteTopics as deleteTopicsApi, PauseClock, ScriptedBroker } from '../../../test/kafka-peer/index.ts'
import { type Broker, startBroker } from '../../broker/index.ts'
import { createPartitions } from '../../protocol/index.ts'
import { sendBatches } from '../produce/batch-sender.ts'
import { Cluster } from '../cluster/cluster.ts'
import { recordBatch } from '../fixtures/record-batch.ts'
import { listOffsets } from './list-offsets.ts'
import { topicConfigs } from './topic-configs.ts'
import { createTopics, deleteTopics } from './topics.ts'

const unknownTopicOrPartition = 3
const topicAuthorizationFailed = 29

describe('admin', () => {
  let broker: Broker
  let cluster: Cluster
  before(async () => {
    broker = await startBroker()
    cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
  })
  after(async () => {
    await cluster.close()
    await broker.stop()
  })

  it('creates topics with their settings, and names those that existed', async () => {
    const configs = { 'max.message.bytes': '2048' }
    await createTopics(cluster, [{ name: 'first', partitionCount: 1 }])

    const existing = await createTopics(cluster, [
      { name: 'first', partitionCount: 9 },
      { name: 'second', partitionCount: 3, configs },
    ])

    assert.deepEqual(existing, ['first'])
    const topics = await cluster.topics(['first', 'second'])
    assert.deepEqual(
      topics.map(({ partitions }) => partitions.length),
      [1, 3],
    )
    assert.deepEqual(await topicConfigs(cluster, 'second', 'max.message.bytes'), ['2048'])
  })

  it('says why a topic cannot be created', async () => {
    await assert.rejects(createTopics(cluster, [{ name: 'not/valid', partitionCount: 1 }]), {
      code: 'KAFKA_REFUSED',
      message: /creating topic "not\/valid": INVALID_TOPIC/,
    })
  })

  it('deletes topics and passes over those that are not there', async () => {
    await createTopics(cluster, [{ name: 'obsolete', partitionCount: 1 }])

    await deleteTopics(cluster, ['never-was', 'obsolete'])

    await assert.rejects(cluster.topics(['obsolete']), { code: 'KAFKA_TOPIC_MISSING' })
  })

  it('tells nothing of partitions that a topic was given since it was read', async () => {
    await createTopics(cluster, [{ name: 'growing', partitionCount: 2 }])
    const topic = await cluster.topicWhenReady('growing')
    const assignment = { brokerIds: [topic.partitions[0]!.leader] }
    const growth = { name: 'growing', count: 4, assignments: [assignment, assignment] }
    const request = { topics: [growth], timeoutMs: 1_000, validateOnly: false }
    await cluster.ask('growing a topic', createPartitions, request)

    assert.deepEqual(await listOffsets(cluster, topic, 'earliest'), [0, 0])
    assert.deepEqual(await listOffsets(cluster, await cluster.topicWhenReady('growing'), 'earliest'), [0, 0, 0, 0])
  })

  it('tells where the log of each partition begins and ends', async () => {
    await createTopics(cluster, [{ name: 'counted', partitionCount: 3 }])
    const topic = await cluster.topicWhenReady('counted')
    const batches = [
      { partition: 1, bytes: recordBatch(4) },
      { partition: 2, bytes: recordBatch(1) },
    ]
    await sendBatches(cluster, topic, batches, () => {})

    assert.deepEqual(await listOffsets(cluster, topic, 'latest'), [0, 4, 1])
    assert.deepEqual(await listOffsets(cluster, topic, 'latest', 'read_uncommitted'), [0, 4, 1])
    assert.deepEqual(await listOffsets(cluster, topic, 'earliest'), [0, 0, 0])
  })

  it('has no value for a setting that topics do not have', async () => {
    await createTopics(cluster, [{ name: 'plain', partitionCount: 1 }])

    assert.deepEqual(await topicConfigs(cluster, 'plain', 'no.such.setting', 'cleanup.policy'), [undefined, 'delete'])
  })

  it('refuses to read the settings of a topic that does not exist', async () => {
    const shortly = new Cluster({ bootstrapServers: broker.bootstrapServers, retryMs: 0 })

    await assert.rejects(topicConfigs(shortly, 'never-was', 'max.message.bytes'), {
      code: 'KAFKA_UNAVAILABLE',
      message: /UNKNOWN_TOPIC_OR_PARTITION/,
    })
    await shortly.close()
  })
})

describe('deleteTopics', () => {
  it('asks again when the connection breaks, and takes it for done when the topic is gone then', async (t) => {
    const { broker, clock, cluster } = await start(t)
    const deleted = deleteTopics(cluster, ['orders'])

    ;(await broker.take(deleteTopicsApi)).raw.reset()
    await clock.passPause()
    ;(await broker.take(deleteTopicsApi)).answer(refusing(unknownTopicOrPartition))

    await deleted
  })

  it('says why a topic cannot be deleted', async (t) => {
    const { broker, cluster } = await start(t)
    const refused = assert.rejects(deleteTopics(cluster, ['orders']), {
      code: 'KAFKA_REFUSED',
      message: 'deleting topic "orders": TOPIC_AUTHORIZATION_FAILED',
    })

    ;(await broker.take(deleteTopicsApi)).answer(refusing(topicAuthorizationFailed))

    await refused
  })

  const refusing = (errorCode: number) => ({ responses: [{ name: 'orders', errorCode }] })
})

async function start(t: TestContext) {
  const broker = await ScriptedBroker.start()
  const clock = new PauseClock()
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock })
  t.after(async () => {
    await cluster.close()
    await broker[Symbol.asyncDispose]()
  })
  return { broker, clock, cluster }
}
