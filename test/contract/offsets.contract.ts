import {
  deleteGroups,
  findCoordinator,
  joinGroup,
  offsetCommit,
  offsetDelete,
  offsetFetch,
  syncGroup,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'

interface TopicNames {
  readonly name: string
  readonly id: string
}

interface CommitOptions {
  version?: number
  partition?: number
  metadata?: string | null
  generationId?: number
  memberId?: string
}

export function offsetsContract(target: Target): void {
  const newGroup = () => `contract-${randomUUID()}`

  const commit = async (
    client: WireClient,
    groupId: string,
    topic: TopicNames,
    offset: number,
    { version = 9, partition = 0, metadata = null, generationId = -1, memberId = '' }: CommitOptions = {},
  ) => {
    const partitions = [
      { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: 0, committedMetadata: metadata },
    ]
    const topics = [version >= 10 ? { topicId: topic.id, partitions } : { name: topic.name, partitions }]
    const request = { groupId, generationIdOrMemberEpoch: generationId, memberId, topics }
    const response = await client.call(offsetCommit, version, request)
    return response.topics[0]!.partitions[0]!.errorCode
  }
  const fetch = async (client: WireClient, groupId: string, topic: TopicNames, version = 9) => {
    const wanted = { partitionIndexes: [0], ...(version >= 10 ? { topicId: topic.id } : { name: topic.name }) }
    const request =
      version >= 8 ? { groups: [{ groupId, topics: [wanted] }] } : { groupId, topics: [{ name: '', ...wanted }] }
    const response = await client.call(offsetFetch, version, request)
    const topics = version >= 8 ? response.groups[0]!.topics : response.topics
    const { committedOffset, committedLeaderEpoch, metadata, errorCode } = topics[0]!.partitions[0]!
    return [errorCode, committedOffset, committedLeaderEpoch, metadata]
  }

  describe('FindCoordinator', () => {
    it('finds the broker in each of its versions', async () => {
      await using client = await target.connect()

      for (let version = 0; version <= 6; version++) {
        const key = newGroup()
        const found = await client.call(findCoordinator, version, version >= 4 ? { coordinatorKeys: [key] } : { key })
        const { errorCode, nodeId, host, port } = version >= 4 ? found.coordinators[0]! : found
        assert.deepEqual([errorCode, nodeId, `${host}:${port}`], [0, 1, target.bootstrapServers], `version ${version}`)
      }
    })

    it('finds several at once, of transactions too', async () => {
      await using client = await target.connect()
      const coordinatorKeys = [newGroup(), newGroup()]

      const { coordinators } = await client.call(findCoordinator, 4, { keyType: 1, coordinatorKeys })

      assert.deepEqual(
        coordinators.map(({ key, errorCode, nodeId }) => [key, errorCode, nodeId]),
        coordinatorKeys.map((key) => [key, 0, 1]),
      )
    })
  })

  describe('OffsetCommit and OffsetFetch', () => {
    it('keep an offset in each of their versions', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const groupId = newGroup()

      for (let version = 2; version <= 10; version++) {
        assert.equal(await commit(client, groupId, topic, 100 + version, { version, metadata: 'note' }), 0)
        const leaderEpoch = version >= 6 ? 0 : -1
        assert.deepEqual(await fetch(client, groupId, topic), [0, 100 + version, leaderEpoch, 'note'])
      }
      for (let version = 1; version <= 10; version++) {
        const leaderEpoch = version >= 5 ? 0 : -1
        assert.deepEqual(
          await fetch(client, groupId, topic, version),
          [0, 110, leaderEpoch, 'note'],
          `version ${version}`,
        )
      }
    })

    it('answer -1 where nothing was committed', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()

      assert.deepEqual(await fetch(client, newGroup(), topic), [0, -1, -1, ''])
    })

    it('keep no metadata as an empty text', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const groupId = newGroup()

      assert.equal(await commit(client, groupId, topic, 5, { metadata: null }), 0)

      assert.deepEqual(await fetch(client, groupId, topic), [0, 5, 0, ''])
    })

    it('list all that a group has committed when no topics are named', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ partitions: 3 })
      const groupId = newGroup()
      await commit(client, groupId, topic, 5, { partition: 2 })
      await commit(client, groupId, topic, 4, { partition: 0 })

      const { groups } = await client.call(offsetFetch, 8, { groups: [{ groupId, topics: null }] })

      const [found] = groups[0]!.topics
      assert.equal(found!.name, topic.name)
      const offsets = found!.partitions.map(
        ({ partitionIndex, committedOffset }) => `${partitionIndex}: ${committedOffset}`,
      )
      assert.deepEqual(offsets.toSorted(), ['0: 4', '2: 5'])
    })

    it('keep groups apart', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const [one, other] = [newGroup(), newGroup()]
      await commit(client, one, topic, 1)
      await commit(client, other, topic, 2)

      const { groups } = await client.call(offsetFetch, 8, {
        groups: [one, other].map((groupId) => ({ groupId, topics: null })),
      })

      assert.deepEqual(
        groups.map((group) => [group.groupId, group.topics[0]!.partitions[0]!.committedOffset]),
        [
          [one, 1],
          [other, 2],
        ],
      )
    })

    it('refuse what cannot be committed', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const ghost = { name: newGroup(), id: 'BBBBBBBBBBBBBBBBBBBBBA' }

      assert.equal(await commit(client, newGroup(), ghost, 1), 3)
      assert.equal(await commit(client, newGroup(), ghost, 1, { version: 10 }), 100)
      assert.equal(await commit(client, newGroup(), topic, 1, { partition: 9 }), 3)
      assert.equal(await commit(client, newGroup(), topic, 1, { metadata: 'x'.repeat(4097) }), 12)
    })

    it('refuse a member of a group that is not there', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const member = { generationId: 1, memberId: 'someone' }

      assert.equal(await commit(client, newGroup(), topic, 1, { version: 8, ...member }), 22)
      assert.equal(await commit(client, newGroup(), topic, 1, { version: 9, ...member }), 69)
    })

    it('forget a group that is deleted', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const groupId = newGroup()
      await commit(client, groupId, topic, 5)

      for (let version = 0; version <= 2; version++) {
        const { results } = await client.call(deleteGroups, version, { groupsNames: [groupId] })
        assert.deepEqual(results, [{ groupId, errorCode: version === 0 ? 0 : 69 }])
      }

      assert.deepEqual(await fetch(client, groupId, topic), [0, -1, -1, ''])
    })
  })

  describe('OffsetDelete', () => {
    const remove = async (client: WireClient, groupId: string, name: string) => {
      const topics = [{ name, partitions: [{ partitionIndex: 0 }] }]
      const response = await client.call(offsetDelete, 0, { groupId, topics })
      return [response.errorCode, response.topics[0]?.partitions[0]?.errorCode]
    }

    it('forgets an offset', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const groupId = newGroup()
      await commit(client, groupId, topic, 5)

      assert.deepEqual(await remove(client, groupId, topic.name), [0, 0])
      assert.deepEqual(await fetch(client, groupId, topic), [0, -1, -1, ''])
    })

    it('names groups and topics that are not there', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const groupId = newGroup()
      await commit(client, groupId, topic, 5)

      assert.deepEqual(await remove(client, newGroup(), topic.name), [69, undefined])
      assert.deepEqual(await remove(client, groupId, newGroup()), [0, 3])
    })

    it('keeps what members of the group read', async () => {
      await using client = await target.connect()
      const [read, other] = [await target.createTopic(), await target.createTopic()]
      const groupId = newGroup()
      await commit(client, groupId, other, 5)
      await join(client, groupId, 'consumer', subscriptionTo(read.name))

      assert.deepEqual(await remove(client, groupId, read.name), [0, 86])
      assert.deepEqual(await remove(client, groupId, other.name), [0, 0])
    })

    it('keeps everything of a group whose members are no consumers', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const groupId = newGroup()
      await join(client, groupId, 'contract', Buffer.alloc(0))

      assert.deepEqual(await remove(client, groupId, topic.name), [68, undefined])
    })
  })
}

/** Joins a group in a version that needs no second request. */
async function join(client: WireClient, groupId: string, protocolType: string, metadata: Buffer): Promise<void> {
  const { memberId, generationId } = await client.call(joinGroup, 3, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType,
    protocols: [{ name: 'range', metadata }],
  })
  await client.call(syncGroup, 3, { groupId, generationId, memberId, assignments: [] })
}

/** What a consumer tells its leader: version 0, one topic, no user data. */
function subscriptionTo(topic: string): Buffer {
  const name = Buffer.from(topic)
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, name.length])
  return Buffer.concat([head, name, Buffer.from('ffffffff', 'hex')])
}
