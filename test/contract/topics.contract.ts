import { createPartitions, createTopics, deleteTopics, describeConfigs, metadata } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

interface TopicWish {
  name?: string
  numPartitions?: number
  replicationFactor?: number
  assignments?: { partitionIndex: number; brokerIds: number[] }[]
  configs?: { name: string; value: string | null }[]
}

interface GrowthWish {
  version?: number
  assignments?: { brokerIds: number[] }[]
  validateOnly?: boolean
}

const unknownId = 'BBBBBBBBBBBBBBBBBBBBBA'

export function topicsContract(target: Target): void {
  const create = async (client: WireClient, wishes: TopicWish[], version = 7, validateOnly = false) => {
    const topics = wishes.map((wish) => ({
      name: `contract-${randomUUID()}`,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
      ...wish,
    }))
    const response = await client.call(createTopics, version, { topics, timeoutMs: 10_000, validateOnly })
    return response.topics
  }

  describe('CreateTopics', () => {
    it('creates a topic in each of its versions', async () => {
      await using client = await target.connect()

      for (let version = 2; version <= 7; version++) {
        const [topic] = await create(client, [{ numPartitions: 3 }], version)
        assert.equal(topic!.errorCode, 0, `version ${version}`)
        assert.equal(topic!.numPartitions, version >= 5 ? 3 : -1, `version ${version}`)
      }
    })

    it('takes the defaults of the broker where a number is -1', async () => {
      await using client = await target.connect()

      const [topic] = await create(client, [{ numPartitions: -1, replicationFactor: -1 }])

      assert.deepEqual([topic!.errorCode, topic!.numPartitions, topic!.replicationFactor], [0, 1, 1])
    })

    it('takes an assignment in place of the numbers', async () => {
      await using client = await target.connect()
      const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }))

      const [topic] = await create(client, [{ numPartitions: -1, replicationFactor: -1, assignments }])

      assert.deepEqual([topic!.errorCode, topic!.numPartitions], [0, 2])
    })

    it('creates nothing when it is only to validate', async () => {
      await using client = await target.connect()
      const name = `contract-${randomUUID()}`

      const [validated] = await create(client, [{ name }], 7, true)
      const [created] = await create(client, [{ name }])

      assert.deepEqual([validated!.errorCode, created!.errorCode], [0, 0])
    })

    const faults: [title: string, wish: TopicWish, errorCode: number][] = [
      ['a name with a character that is not allowed', { name: 'a b' }, 17],
      ['an empty name', { name: '' }, 17],
      ['the name of a folder', { name: '..' }, 17],
      ['a name of 250 characters', { name: 'x'.repeat(250) }, 17],
      ['no partitions', { numPartitions: 0 }, 37],
      ['more partitions than a request may ask for', { numPartitions: 10_001 }, 44],
      ['more replicas than brokers', { replicationFactor: 2 }, 38],
      ['an unknown setting', { configs: [{ name: 'no.such.setting', value: '1' }] }, 40],
      ['a setting that is not valid', { configs: [{ name: 'retention.ms', value: 'long' }] }, 40],
      ['an assignment to a broker that is not there', assigned([7]), 39],
    ]
    for (const [title, wish, errorCode] of faults) {
      it(`refuses ${title}`, async () => {
        await using client = await target.connect()

        const [topic] = await create(client, [wish])

        assert.equal(topic!.errorCode, errorCode)
      })
    }

    it('refuses a topic that exists', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()

      const [topic] = await create(client, [{ name }])

      assert.equal(topic!.errorCode, 36)
    })

    it('refuses a topic named twice in one request', async () => {
      await using client = await target.connect()
      const name = `contract-${randomUUID()}`

      const topics = await create(client, [{ name }, { name }])

      assert.ok(topics.every(({ errorCode }) => errorCode === 42))
    })
  })

  describe('CreatePartitions', () => {
    const grow = async (client: WireClient, name: string, count: number, { version = 3, ...wish }: GrowthWish = {}) => {
      const topics = [{ name, count, assignments: null, ...wish }]
      const request = { topics, timeoutMs: 10_000, validateOnly: wish.validateOnly ?? false }
      return (await client.call(createPartitions, version, request)).results[0]!.errorCode
    }
    const countsPartitions = (client: WireClient, name: string, count: number) =>
      until('the topic has the partitions', async () => {
        const { topics } = await client.call(metadata, 12, { topics: [{ name }] })
        return topics[0]!.partitions.length >= count && topics[0]!.partitions.length
      })

    it('adds partitions in each of its versions', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()

      for (let version = 0; version <= 3; version++) {
        assert.equal(await grow(client, name, version + 2, { version }), 0)
        assert.equal(await countsPartitions(client, name, version + 2), version + 2)
      }
    })

    it('adds none when it is only to validate', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()

      assert.equal(await grow(client, name, 5, { validateOnly: true }), 0)
      assert.equal(await grow(client, name, 2), 0)
    })

    it('refuses what it cannot do', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic({ partitions: 2 })
      const here = { brokerIds: [1] }

      assert.equal(await grow(client, `contract-${randomUUID()}`, 2), 3)
      assert.equal(await grow(client, name, 2), 37)
      assert.equal(await grow(client, name, 1), 37)
      assert.equal(await grow(client, name, 4, { assignments: [here] }), 39)
      assert.equal(await grow(client, name, 4, { assignments: [] }), 39)
      assert.equal(await grow(client, name, 3, { assignments: [{ brokerIds: [7] }] }), 39)
      assert.equal(await grow(client, name, 3, { assignments: [here] }), 0)
    })
  })

  describe('DeleteTopics', () => {
    it('deletes a topic in each of its versions', async () => {
      await using client = await target.connect()

      for (let version = 1; version <= 6; version++) {
        const { name } = await target.createTopic()
        const wish = version >= 6 ? { topics: [{ name, topicId: 'A'.repeat(22) }] } : { topicNames: [name] }
        const deleted = await client.call(deleteTopics, version, { ...wish, timeoutMs: 10_000 })
        assert.deepEqual(
          deleted.responses.map((response) => [response.name, response.errorCode]),
          [[name, 0]],
          `version ${version}`,
        )
        await goneFromMetadata(client, name)
      }
    })

    it('deletes by id', async () => {
      await using client = await target.connect()
      const { id, name } = await target.createTopic()

      const wish = { topics: [{ name: null, topicId: id }], timeoutMs: 10_000 }
      const deleted = await client.call(deleteTopics, 6, wish)

      assert.deepEqual([deleted.responses[0]!.name, deleted.responses[0]!.errorCode], [name, 0])
    })

    it('says of topics it does not know whether the name or the id is unknown', async () => {
      await using client = await target.connect()
      const topics = [
        { name: `contract-${randomUUID()}`, topicId: 'A'.repeat(22) },
        { name: null, topicId: unknownId },
      ]

      const { responses } = await client.call(deleteTopics, 6, { topics, timeoutMs: 10_000 })

      assert.deepEqual(new Set(responses.map(({ errorCode }) => errorCode)), new Set([3, 100]))
    })
  })

  describe('Metadata', () => {
    it('describes a topic in each of its versions', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ partitions: 2 })

      for (let version = 0; version <= 13; version++) {
        const { brokers, controllerId, topics } = await client.call(metadata, version, {
          topics: [{ name: topic.name }],
        })
        assert.equal(`${brokers[0]!.host}:${brokers[0]!.port}`, target.bootstrapServers)
        assert.equal(controllerId, version >= 1 ? 1 : -1)
        const [found] = topics
        assert.deepEqual([found!.errorCode, found!.name], [0, topic.name], `version ${version}`)
        if (version >= 10) assert.equal(found!.topicId, topic.id)
        assert.deepEqual(
          found!.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex),
          [0, 1].map((partitionIndex) => ({
            errorCode: 0,
            partitionIndex,
            leaderId: 1,
            leaderEpoch: version >= 7 ? 0 : -1,
            replicaNodes: [1],
            isrNodes: [1],
            offlineReplicas: [],
          })),
        )
      }
    })

    it('finds a topic by its id', async () => {
      await using client = await target.connect()
      const { name, id } = await target.createTopic()

      const { topics } = await client.call(metadata, 12, { topics: [{ name: null, topicId: id }] })

      assert.deepEqual([topics[0]!.errorCode, topics[0]!.name], [0, name])
    })

    it('lists all topics for null, and none for an empty list', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()

      const all = await client.call(metadata, 12, { topics: null })
      const none = await client.call(metadata, 12, { topics: [] })

      assert.ok(all.topics.some((topic) => topic.name === name))
      assert.deepEqual(none.topics, [])
    })

    it('names what is wrong with a topic it cannot describe', async () => {
      await using client = await target.connect()
      const errorOf = async (topic: { name: string | null; topicId?: string }) => {
        const { topics } = await client.call(metadata, 12, { topics: [topic], allowAutoTopicCreation: true })
        return topics[0]!.errorCode
      }

      assert.equal(await errorOf({ name: `contract-${randomUUID()}` }), 3)
      assert.equal(await errorOf({ name: 'a b' }), 17)
      assert.equal(await errorOf({ name: null, topicId: unknownId }), 100)
    })

    it('says what a client may do when asked', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()

      const asked = {
        topics: [{ name }],
        includeTopicAuthorizedOperations: true,
        includeClusterAuthorizedOperations: true,
      }
      const told = await client.call(metadata, 10, asked)
      const untold = await client.call(metadata, 10, { topics: [{ name }] })

      assert.deepEqual([told.clusterAuthorizedOperations, told.topics[0]!.topicAuthorizedOperations], [8096, 3576])
      assert.equal(untold.topics[0]!.topicAuthorizedOperations, -2147483648)
    })
  })

  describe('DescribeConfigs', () => {
    it('tells settings of a topic apart from defaults, in each of its versions', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic({ config: { 'cleanup.policy': 'compact' } })
      const configurationKeys = ['cleanup.policy', 'retention.ms', 'max.message.bytes']

      for (let version = 1; version <= 4; version++) {
        const resources = [{ resourceType: 2, resourceName: name, configurationKeys }]
        const { results } = await client.call(describeConfigs, version, { resources })
        const told = results[0]!.configs.map((config) => `${config.name} = ${config.value} (${config.configSource})`)
        assert.deepEqual(told.sort(), [
          'cleanup.policy = compact (1)',
          'max.message.bytes = 1048588 (5)',
          'retention.ms = 604800000 (5)',
        ])
      }
    })

    it('knows no settings of a topic that is not there', async () => {
      await using client = await target.connect()
      const resources = [{ resourceType: 2, resourceName: `contract-${randomUUID()}`, configurationKeys: null }]

      const { results } = await client.call(describeConfigs, 4, { resources })

      assert.deepEqual([results[0]!.errorCode, results[0]!.configs], [3, []])
    })

    it('knows every setting of a topic that Kafka knows, with its type and default', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()
      const resources = [{ resourceType: 2, resourceName: name, configurationKeys: null }]

      const { results } = await client.call(describeConfigs, 4, { resources })

      const told = results[0]!.configs.map((config) => `${config.name} (${config.configType}) = ${config.value}`)
      // A later release has others beside them.
      const known = target.isLater ? told.filter((setting) => topicSettings.includes(setting)) : told
      assert.deepEqual(known.sort(), topicSettings)
    })
  })
}

/** Kafka 4.3's settings of a topic: name, type and default. */
const topicSettings = [
  'cleanup.policy (7) = delete',
  'compression.gzip.level (3) = -1',
  'compression.lz4.level (3) = 9',
  'compression.type (2) = producer',
  'compression.zstd.level (3) = 3',
  'delete.retention.ms (5) = 86400000',
  'file.delete.delay.ms (5) = 60000',
  'flush.messages (5) = 9223372036854775807',
  'flush.ms (5) = 9223372036854775807',
  'follower.replication.throttled.replicas (7) = ',
  'index.interval.bytes (3) = 4096',
  'leader.replication.throttled.replicas (7) = ',
  'local.retention.bytes (5) = -2',
  'local.retention.ms (5) = -2',
  'max.compaction.lag.ms (5) = 9223372036854775807',
  'max.message.bytes (3) = 1048588',
  'message.timestamp.after.max.ms (5) = 3600000',
  'message.timestamp.before.max.ms (5) = 9223372036854775807',
  'message.timestamp.type (2) = CreateTime',
  'min.cleanable.dirty.ratio (6) = 0.5',
  'min.compaction.lag.ms (5) = 0',
  'min.insync.replicas (3) = 1',
  'preallocate (1) = false',
  'remote.log.copy.disable (1) = false',
  'remote.log.delete.on.disable (1) = false',
  'remote.storage.enable (1) = false',
  'retention.bytes (5) = -1',
  'retention.ms (5) = 604800000',
  'segment.bytes (3) = 1073741824',
  'segment.index.bytes (3) = 10485760',
  'segment.jitter.ms (5) = 0',
  'segment.ms (5) = 604800000',
  'unclean.leader.election.enable (1) = false',
]

function assigned(brokerIds: number[]): TopicWish {
  return { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds }] }
}

/** Kafka forgets a deleted topic a moment after it has said so. */
async function goneFromMetadata(client: WireClient, name: string): Promise<void> {
  await until('the topic is gone', async () => {
    const { topics } = await client.call(metadata, 12, { topics: [{ name }] })
    return topics[0]!.errorCode === 3
  })
}
