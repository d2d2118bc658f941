import {
  consumerGroupDescribe,
  deleteGroups,
  describeGroups,
  heartbeat,
  incrementalAlterConfigs,
  joinGroup,
  leaveGroup,
  listGroups,
  offsetCommit,
  offsetDelete,
  offsetFetch,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { ConsumerMember as Member, type ConsumerRequest as Request } from './consumer-member.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

export function consumerGroupsContract(target: Target): void {
  const newGroup = () => `contract-${randomUUID()}`

  /** A member that has all partitions of a new topic. */
  const soleMember = async (partitions = 4, more: Partial<Request> = {}) => {
    const topic = await target.createTopic({ partitions })
    const member = await Member.start(target, newGroup(), [topic], more)
    await member.join()
    await member.settle(partitions)
    return { topic, member }
  }
  /** Two members that have half of a topic each. */
  const pair = async () => {
    const { topic, member: first } = await soleMember()
    const second = await Member.start(target, first.groupId, [topic])
    await second.join()
    await first.settle(2)
    await second.settle(2)
    return { topic, first, second }
  }
  const describeGroup = async ({ client, groupId }: Member, version = 1) =>
    (await client.call(consumerGroupDescribe, version, { groupIds: [groupId] })).groups[0]!

  describe('a consumer group', { concurrency: true }, () => {
    it('is joined, kept alive and left in each version of the protocol', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      for (const version of [0, 1]) {
        await using member = await Member.start(target, newGroup(), [topic])

        const joined = await member.join(version)
        const kept = await member.beat({}, version)
        const left = await member.ask({ memberEpoch: -1 }, version)

        assert.deepEqual([joined.errorCode, joined.memberId, joined.heartbeatIntervalMs], [0, member.memberId, 5_000])
        assert.ok(joined.memberEpoch > 0)
        assert.equal(kept.errorCode, 0)
        assert.deepEqual([left.errorCode, left.memberEpoch, left.assignment], [0, -1, null])
      }
    })

    it('gives a member of the first version an id', async () => {
      const topic = await target.createTopic()
      await using member = await Member.start(target, newGroup(), [topic])

      const { errorCode, memberId } = await member.ask({ ...member.subscription, memberId: '', topicPartitions: [] }, 0)

      assert.equal(errorCode, 0)
      assert.match(memberId!, /^[\w-]{22}$/)
    })

    it('gives its only member all partitions, and tells them again when asked in full', async () => {
      const { topic, member } = await soleMember()
      await using _ = member

      const changed = await member.beat()
      const asked = await member.beat({ ...member.subscription, topicPartitions: member.owned })

      assert.deepEqual([changed.errorCode, changed.assignment], [0, null])
      assert.deepEqual(asked.assignment, { topicPartitions: [{ topicId: topic.id, partitions: [0, 1, 2, 3] }] })
    })

    it('gives a partition to another member only after its owner has said that it has given it up', async () => {
      const { topic, member: first } = await soleMember()
      await using _ = first
      await using second = await Member.start(target, first.groupId, [topic])

      await second.join()
      await until('the first is to give partitions up', async () => (await first.beat()).assignment !== null)
      const asked = first.owned
      const unsaid = await first.beat()
      await second.beat()
      const early = second.partitions
      const state = (await describeGroup(first)).groupState
      await first.settle(2)
      await second.settle(2)

      assert.deepEqual(asked, [{ topicId: topic.id, partitions: [0, 1] }])
      assert.equal(unsaid.assignment, null)
      assert.ok(unsaid.memberEpoch < second.epoch)
      assert.deepEqual([early, second.partitions.length], [[], 2])
      assert.equal(state, 'Reconciling')
      assert.deepEqual([...first.partitions, ...second.partitions], [0, 1, 2, 3])
      assert.equal(first.epoch, second.epoch)
      assert.equal((await describeGroup(first)).groupState, 'Stable')
    })

    it('gives the others what a member had that has left', async () => {
      const { first, second } = await pair()
      await using _ = first
      await using __ = second

      const left = await second.leave()
      await first.settle(4)

      assert.equal(left.errorCode, 0)
      assert.deepEqual(first.partitions, [0, 1, 2, 3])
      assert.equal((await second.leave()).errorCode, 25)
    })

    it('goes on without a member that gives nothing up in its time', async () => {
      const { topic, member: slow } = await soleMember(2, { rebalanceTimeoutMs: 500 })
      await using _ = slow
      await using member = await Member.start(target, slow.groupId, [topic])

      await member.join()
      await until('the slow one is to give partitions up', async () => (await slow.beat()).assignment !== null)
      await member.settle(2)

      assert.equal((await slow.ask()).errorCode, 25)
    })

    it('fences epochs that a member cannot have', async () => {
      const { first, second } = await pair()
      await using _ = first
      await using __ = second
      const { epoch, owned } = first
      const errorOf = async (fields: Partial<Request>) => (await first.ask(fields)).errorCode

      assert.equal(await errorOf({ memberEpoch: epoch + 1 }), 110)
      assert.equal(await errorOf({ memberEpoch: epoch - 1 }), 110)
      assert.equal(await errorOf({ memberEpoch: epoch - 1, topicPartitions: owned }), 0)
      assert.equal(await errorOf({ memberId: randomUUID() }), 25)
      assert.equal(await errorOf({}), 0)
    })

    it('tells a member that joins anew what it had', async () => {
      const { member } = await soleMember(2)
      await using _ = member
      const { epoch, owned } = member

      const rejoined = await member.join()

      assert.deepEqual([rejoined.errorCode, rejoined.memberEpoch, member.owned], [0, epoch, owned])
    })

    it('follows subscriptions and topics', async () => {
      const { topic, member } = await soleMember(2)
      await using _ = member
      const other = await target.createTopic({ partitions: 3 })

      await member.beat({ subscribedTopicNames: [topic.name, other.name] })
      await member.settle(5)
      await member.beat({ subscribedTopicNames: [other.name] })
      await member.settle(3)

      assert.deepEqual(member.owned, [{ topicId: other.id, partitions: [0, 1, 2] }])
    })

    it('waits for topics that are not there', async () => {
      const topic = await target.createTopic()
      await using member = await Member.start(target, newGroup(), [topic, { name: newGroup(), id: '' }])

      await member.join()
      await member.settle(1)

      assert.deepEqual(member.owned, [{ topicId: topic.id, partitions: [0] }])
    })

    it('shares ranges of each topic where most members ask for that', async () => {
      const topics = [await target.createTopic({ partitions: 4 }), await target.createTopic({ partitions: 4 })]
      await using first = await Member.start(target, newGroup(), topics, { serverAssignor: 'range' })
      await first.join()
      await using second = await Member.start(target, first.groupId, topics, { serverAssignor: 'range' })
      await second.join()

      await first.settle(4)
      await second.settle(4)

      for (const { owned } of [first, second]) {
        const [one, other] = owned
        assert.equal(owned.length, 2)
        assert.equal(one!.partitions.length, 2)
        assert.deepEqual(one!.partitions, other!.partitions)
      }
      assert.equal((await describeGroup(first)).assignorName, 'range')
    })

    it('gives members as much as each other, as far as their subscriptions let it', async () => {
      const [wide, narrow] = [await target.createTopic({ partitions: 6 }), await target.createTopic({ partitions: 2 })]
      await using both = await Member.start(target, newGroup(), [wide, narrow])
      await both.join()
      await using one = await Member.start(target, both.groupId, [wide])
      await one.join()

      await both.settle(4)
      await one.settle(4)

      assert.deepEqual(
        one.owned.map(({ topicId }) => topicId),
        [wide.id],
      )
      assert.deepEqual(both.owned.find(({ topicId }) => topicId === narrow.id)?.partitions, [0, 1])
    })

    it('refuses requests that say too little or what cannot be', async () => {
      const topic = await target.createTopic()
      await using member = await Member.start(target, newGroup(), [topic])
      const full = { ...member.subscription, topicPartitions: [] }
      const errorOf = async (fields: Partial<Request>, version = 1) => (await member.ask(fields, version)).errorCode

      assert.equal(await errorOf({ ...full, memberId: '' }), 42)
      assert.equal(await errorOf({ ...full, groupId: '' }), 42)
      assert.equal(await errorOf({ ...full, instanceId: '' }), 42)
      assert.equal(await errorOf({ ...full, rackId: '' }), 42)
      assert.equal(await errorOf({ ...full, memberEpoch: -3 }), 42)
      assert.equal(await errorOf({ ...full, memberEpoch: -2 }), 42)
      assert.equal(await errorOf({ ...full, rebalanceTimeoutMs: -1 }), 42)
      assert.equal(await errorOf({ ...full, topicPartitions: null }), 42)
      assert.equal(await errorOf({ ...full, subscribedTopicNames: null }), 42)
      assert.equal(await errorOf({ ...full, subscribedTopicNames: null }, 0), 42)
      assert.equal(await errorOf({ ...full, serverAssignor: 'sticky' }), 112)
      assert.equal(await errorOf({ memberEpoch: 1 }), 69)
      assert.equal(await errorOf({ memberEpoch: -1 }), 69)
    })

    it('keeps the share of a static member that restarts', async () => {
      const instanceId = 'one'
      const { topic, member: first } = await soleMember(2, { instanceId })
      await using _ = first
      await using second = await Member.start(target, first.groupId, [topic], { instanceId })

      const early = await second.join()
      const left = await first.ask({ memberEpoch: -2, instanceId })
      const joined = await second.join()
      const late = await first.ask({ instanceId })

      assert.equal(early.errorCode, 111)
      assert.deepEqual([left.errorCode, left.memberEpoch], [0, -2])
      assert.deepEqual([joined.errorCode, joined.memberEpoch], [0, first.epoch])
      assert.deepEqual(second.owned, [{ topicId: topic.id, partitions: [0, 1] }])
      assert.equal(late.errorCode, 82)
      assert.equal((await first.leave({ instanceId })).errorCode, 82)
      assert.equal((await first.leave({ instanceId: 'two' })).errorCode, 25)
      assert.equal((await second.leave({ instanceId })).errorCode, 0)
    })

    it('takes offsets from its members by their epochs', async () => {
      const { topic, member } = await soleMember(2)
      await using _ = member
      const { client, groupId, memberId, epoch } = member
      const errorOf = async (who: { memberId: string; epoch: number }, version = 9) => {
        const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
        const topics = [version >= 10 ? { topicId: topic.id, partitions } : { name: topic.name, partitions }]
        const request = { groupId, memberId: who.memberId, generationIdOrMemberEpoch: who.epoch, topics }
        return (await client.call(offsetCommit, version, request)).topics[0]!.partitions[0]!.errorCode
      }

      assert.equal(await errorOf({ memberId, epoch }), 0)
      assert.equal(await errorOf({ memberId, epoch }, 10), 0)
      assert.equal(await errorOf({ memberId, epoch }, 8), 35)
      assert.equal(await errorOf({ memberId, epoch: epoch + 1 }), 113)
      assert.equal(await errorOf({ memberId, epoch: 0 }), 113)
      assert.equal(await errorOf({ memberId: 'nobody', epoch }), 25)
      assert.equal(await errorOf({ memberId: '', epoch: -1 }), 25)
      await member.leave()
      assert.equal(await errorOf({ memberId: '', epoch: -1 }), 0)
      assert.equal(await errorOf({ memberId, epoch }), 25)
    })

    it('takes offsets by an older epoch for partitions that the member had by it', async () => {
      const { topic, member: first } = await soleMember()
      const since = first.epoch
      await using _ = first
      await using second = await Member.start(target, first.groupId, [topic])
      await second.join()
      await first.settle(2)
      await second.settle(2)
      const errorOf = async ({ client, groupId, memberId, partitions: owned }: Member, version: number) => {
        const partitions = [{ partitionIndex: owned[0]!, committedOffset: 1, committedMetadata: null }]
        const topics = [version >= 10 ? { topicId: topic.id, partitions } : { name: topic.name, partitions }]
        const request = { groupId, memberId, generationIdOrMemberEpoch: since, topics }
        return (await client.call(offsetCommit, version, request)).topics[0]!.partitions[0]!.errorCode
      }

      assert.ok(first.epoch > since)
      assert.deepEqual([await errorOf(first, 10), await errorOf(first, 9)], target.isEarlier ? [113, 113] : [0, 0])
      assert.equal(await errorOf(second, 10), 113)
    })

    it('tells offsets to its members by their epochs', async () => {
      const { topic, member } = await soleMember(1)
      await using _ = member
      const { client, groupId, memberId, epoch } = member
      const fetch = async (who: { memberId: string | null; memberEpoch: number }) => {
        const topics = [{ name: topic.name, partitionIndexes: [0] }]
        const { groups } = await client.call(offsetFetch, 9, { groups: [{ groupId, ...who, topics }] })
        return [groups[0]!.errorCode, groups[0]!.topics.length]
      }

      assert.deepEqual(await fetch({ memberId, memberEpoch: epoch }), [0, 1])
      assert.deepEqual(await fetch({ memberId: null, memberEpoch: -1 }), [0, 1])
      assert.deepEqual(await fetch({ memberId, memberEpoch: epoch + 1 }), [113, 0])
      assert.deepEqual(await fetch({ memberId, memberEpoch: epoch - 1 }), [113, 0])
      assert.deepEqual(await fetch({ memberId: 'nobody', memberEpoch: epoch }), [25, 0])
    })

    it('describes itself in each version', async () => {
      const { topic, member } = await soleMember(2, { rackId: 'a' })
      await using _ = member
      const { memberId, epoch, groupId } = member
      const assignment = { topicPartitions: [{ topicId: topic.id, topicName: topic.name, partitions: [0, 1] }] }

      for (const version of [0, 1]) {
        assert.deepEqual(await describeGroup(member, version), {
          errorCode: 0,
          errorMessage: null,
          groupId,
          groupState: 'Stable',
          groupEpoch: epoch,
          assignmentEpoch: epoch,
          assignorName: 'uniform',
          members: [
            {
              memberId,
              instanceId: null,
              rackId: 'a',
              memberEpoch: epoch,
              clientId: 'contract',
              clientHost: '/127.0.0.1',
              subscribedTopicNames: [topic.name],
              subscribedTopicRegex: '',
              assignment,
              targetAssignment: assignment,
              memberType: version === 0 ? -1 : 1,
            },
          ],
          authorizedOperations: -2147483648,
        })
      }
    })

    it('is none for those who ask for groups of other kinds, or for one that is not there', async () => {
      const { member } = await soleMember(1)
      await using _ = member
      const { client, groupId, memberId, epoch } = member
      const classic = newGroup()
      await joinClassic(client, classic)

      const described = await client.call(describeGroups, 6, { groups: [groupId] })
      const { groups } = await client.call(consumerGroupDescribe, 1, { groupIds: [classic, newGroup()] })

      assert.deepEqual([described.groups[0]!.errorCode, described.groups[0]!.groupState], [69, 'Dead'])
      assert.deepEqual(
        groups.map(({ errorCode }) => errorCode),
        [69, 69],
      )
      assert.equal((await client.call(heartbeat, 4, { groupId, memberId, generationId: epoch })).errorCode, 25)
      const left = await client.call(leaveGroup, 5, { groupId, members: [{ memberId: 'one', groupInstanceId: null }] })
      assert.equal(left.members[0]!.errorCode, 25)
    })

    it('is listed by state and type', async () => {
      const { member } = await soleMember(1)
      await using _ = member
      const { client, groupId } = member
      const find = async (filters: { statesFilter?: string[]; typesFilter?: string[] }) =>
        (await client.call(listGroups, 5, filters)).groups.find((group) => group.groupId === groupId)
      const listed = { groupId, protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' }

      assert.deepEqual(await find({}), listed)
      assert.deepEqual(await find({ statesFilter: ['stable'], typesFilter: ['Consumer'] }), listed)
      assert.equal(await find({ typesFilter: ['classic'] }), undefined)
      await member.leave()
      assert.equal((await find({ statesFilter: ['Empty'] }))?.groupState, 'Empty')
    })

    it('is not deleted while it has members, and keeps the offsets of what they read', async () => {
      const { topic, member } = await soleMember(1)
      await using _ = member
      const { client, groupId } = member
      const remove = async () => (await client.call(deleteGroups, 2, { groupsNames: [groupId] })).results[0]!.errorCode
      const removeOffset = async () => {
        const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }]
        return (await client.call(offsetDelete, 0, { groupId, topics })).topics[0]!.partitions[0]!.errorCode
      }

      assert.deepEqual([await remove(), await removeOffset()], [68, 86])
      await member.leave()
      assert.deepEqual([await removeOffset(), await remove()], [0, 0])
    })

    it('takes the place of a classic group without members, and the other way round, with its offsets', async () => {
      const topic = await target.createTopic()
      await using member = await Member.start(target, newGroup(), [topic])
      const { client, groupId } = member
      const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: null }]
      const commit = { groupId, memberId: '', generationIdOrMemberEpoch: -1 }
      await client.call(offsetCommit, 9, { ...commit, topics: [{ name: topic.name, partitions }] })
      const committed = async () => {
        const topics = [{ name: topic.name, partitionIndexes: [0] }]
        const { groups } = await client.call(offsetFetch, 9, { groups: [{ groupId, topics }] })
        return groups[0]!.topics[0]!.partitions[0]!.committedOffset
      }

      await member.join()
      const asConsumer = await committed()
      await member.leave()
      const asClassic = [(await joinClassic(client, groupId)).errorCode, await committed()]

      assert.equal(asConsumer, 7)
      assert.deepEqual(asClassic, [0, 7])
      assert.equal((await member.join()).errorCode, 69)
    })

    it('has settings of its own', async () => {
      const { member } = await soleMember(1)
      await using _ = member
      const set = async (name: string, value: string, resourceName = member.groupId) => {
        const configs = [{ name, configOperation: 0, value }]
        const request = { resources: [{ resourceType: 32, resourceName, configs }], validateOnly: false }
        return (await member.client.call(incrementalAlterConfigs, 1, request)).responses[0]!.errorCode
      }

      assert.equal(await set('consumer.heartbeat.interval.ms', '6000'), 0)
      assert.equal(await set('consumer.heartbeat.interval.ms', '1'), 40)
      assert.equal(await set('consumer.heartbeat.interval.ms', 'often'), 40)
      assert.equal(await set('consumer.patience.ms', '1'), 40)
      assert.equal(await set('consumer.heartbeat.interval.ms', '6000', ''), 42)
      await until('the setting acts', async () => (await member.beat()).heartbeatIntervalMs === 6_000)
    })
  })
}

/** Joins a group by the classic protocol, as a type of which the broker knows nothing. */
async function joinClassic(client: WireClient, groupId: string) {
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
  const request = { groupId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'contract', protocols }
  const { memberId } = await client.call(joinGroup, 7, { ...request, memberId: '' })
  return client.call(joinGroup, 7, { ...request, memberId })
}
