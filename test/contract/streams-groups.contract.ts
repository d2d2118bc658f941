import {
  consumerGroupHeartbeat,
  deleteGroups,
  describeConfigs,
  initProducerId,
  joinGroup,
  listGroups,
  metadata,
  offsetCommit,
  offsetFetch,
  streamsGroupDescribe,
  txnOffsetCommit,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  assignAtOnce,
  countOf,
  internalTopic,
  setOfGroup,
  StreamsMember as Member,
  type StreamsRequest as Request,
  type StreamsTopology,
  topologyOf,
} from './streams-member.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

const staleTopology = 0
const missingSourceTopics = 1
const incorrectlyPartitionedTopics = 2
const missingInternalTopics = 3
const shutdownApplication = 4
const assignmentDelayed = 5

export function streamsGroupsContract(target: Target): void {
  const newName = () => `contract-${randomUUID()}`
  const statusesOf = ({ status }: { status: { statusCode: number }[] | null }) =>
    (status ?? []).map(({ statusCode }) => statusCode)

  // Settings of a new group act a moment after they are made.
  const isLasting = (code: number) => code !== assignmentDelayed

  /** A member that has all tasks of a new application, which reads a topic and waits for nothing. */
  const soleMember = async (partitions = 4, more: Parameters<typeof topologyOf>[0] = {}) => {
    const topic = await target.createTopic({ partitions })
    const member = await Member.start(target, newName(), topologyOf({ sourceTopics: [topic.name], ...more }))
    await assignAtOnce(member.client, member.groupId)
    await member.join()
    await member.settle(partitions)
    return { topic, member }
  }
  const another = ({ groupId, topology }: Member, processId?: string) =>
    Member.start(target, groupId, topology, processId)
  const describeGroup = async ({ client, groupId }: Member) =>
    (await client.call(streamsGroupDescribe, 0, { groupIds: [groupId] })).groups[0]!
  const partitionCountOf = async (client: WireClient, name: string) =>
    (await client.call(metadata, 12, { topics: [{ name, topicId: 'A'.repeat(22) }] })).topics[0]!.partitions.length
  const remove = async ({ client, groupId }: Member) =>
    (await client.call(deleteGroups, 2, { groupsNames: [groupId] })).results[0]!.errorCode

  describe('a streams group', { concurrency: true }, () => {
    it('makes the internal topics, awaits further members, and then gives out the tasks', async () => {
      const topic = await target.createTopic({ partitions: 3 })
      const [routed, tasks] = [newName(), newName()]
      const config = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
      const topology = topologyOf({
        sourceTopics: [topic.name],
        repartitionSourceTopics: [internalTopic(routed, 6, config)],
        repartitionSinkTopics: [routed],
        stateChangelogTopics: [internalTopic(tasks, 0, { 'cleanup.policy': 'compact' })],
      })
      await using member = await Member.start(target, newName(), topology)

      const joined = await member.join()
      await until('the tasks come', async () => countOf((await member.beat(), member.active)) > 0)
      const settled = await member.report()

      assert.deepEqual([joined.errorCode, joined.memberId, joined.memberEpoch], [0, member.memberId, 1])
      assert.deepEqual([joined.activeTasks, joined.standbyTasks, joined.warmupTasks], [[], [], []])
      assert.deepEqual(statusesOf(joined), [assignmentDelayed, missingInternalTopics])
      assert.equal(joined.heartbeatIntervalMs, 5_000)
      assert.deepEqual(member.active, [{ subtopologyId: '0', partitions: [0, 1, 2, 3, 4, 5] }])
      assert.deepEqual(statusesOf(settled), [])
      assert.deepEqual(
        [await partitionCountOf(member.client, routed), await partitionCountOf(member.client, tasks)],
        [6, 6],
      )
      const resources = [{ resourceType: 2, resourceName: routed, configurationKeys: Object.keys(config) }]
      const { results } = await member.client.call(describeConfigs, 4, { resources })
      assert.deepEqual(Object.fromEntries(results[0]!.configs.map(({ name, value }) => [name, value])), config)
    })

    it('gives a task to another member only after its owner has said that it has given it up', async () => {
      const { member: first } = await soleMember()
      await using _ = first
      await using second = await another(first)

      const joined = await second.join()
      await until('the first is to give tasks up', async () => (await first.beat()).activeTasks !== null)
      const asked = first.active
      const unsaid = await first.beat()
      await second.beat()
      const early = second.active
      const state = (await describeGroup(first)).groupState
      await first.settle(2)
      await second.settle(2)

      assert.deepEqual([joined.activeTasks, early], [[], []])
      assert.deepEqual(asked, [{ subtopologyId: '0', partitions: [0, 1] }])
      assert.equal(unsaid.activeTasks, null)
      assert.equal(state, 'Reconciling')
      assert.deepEqual([...first.partitions, ...second.partitions], [0, 1, 2, 3])
      assert.equal((await describeGroup(first)).groupState, 'Stable')
    })

    it('tells the tasks of a lost answer again to a member that joins anew, and to no other', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      await using member = await Member.start(target, newName(), topologyOf({ sourceTopics: [topic.name] }))
      await assignAtOnce(member.client, member.groupId)
      await member.join()
      await until('the answer that is lost', async () => countOf((await member.beat(), member.active)) === 2)
      const none = { activeTasks: [], standbyTasks: [], warmupTasks: [] }

      const reported = await member.ask(none)
      const full = await member.ask({ ...member.introduction, memberEpoch: member.epoch, topology: null })
      const rejoined = await member.ask(member.introduction)

      assert.deepEqual([reported.activeTasks, full.activeTasks], [null, null])
      assert.deepEqual(rejoined.activeTasks, [{ subtopologyId: '0', partitions: [0, 1] }])
      assert.equal(rejoined.memberEpoch, member.epoch)
    })

    it('fences epochs that a member cannot have', async () => {
      const { member: first } = await soleMember()
      await using _ = first
      await using second = await another(first)
      await second.join()
      await first.settle(2)
      const { epoch, active } = first
      const errorOf = async (fields: Partial<Request>) => (await first.ask(fields)).errorCode

      assert.equal(await errorOf({ memberEpoch: epoch + 1 }), 110)
      assert.equal(await errorOf({ memberEpoch: epoch - 1 }), 110)
      assert.equal(await errorOf({ memberEpoch: epoch - 1, activeTasks: active, standbyTasks: [], warmupTasks: [] }), 0)
      assert.equal(await errorOf({ memberId: randomUUID() }), 25)
      assert.equal(await errorOf({}), 0)
    })

    it('gives the others what a member had that has left, whoever said so', async () => {
      const { member: first } = await soleMember()
      await using _ = first
      await using second = await another(first)
      await second.join()
      await first.settle(2)
      await second.settle(2)

      const left = await first.ask({ memberId: second.memberId, memberEpoch: -1 })
      await first.settle(4)

      assert.deepEqual([left.errorCode, left.memberEpoch, left.activeTasks], [0, -1, null])
      assert.equal((await second.beat()).errorCode, 25)
      assert.equal((await second.leave()).errorCode, 25)
    })

    it('gives each process as much as it has members for', async () => {
      const { member: first } = await soleMember(6)
      await using _ = first
      await using second = await another(first, first.processId)
      await using third = await another(first)
      await second.join()
      await third.join()

      for (const member of [first, second, third]) await member.settle(2)

      assert.deepEqual(
        [first, second, third].flatMap(({ partitions }) => partitions).toSorted((a, b) => a - b),
        [0, 1, 2, 3, 4, 5],
      )
    })

    it('has standbys of tasks with state in other processes', async () => {
      const changelog = newName()
      const { member: first } = await soleMember(4, { stateChangelogTopics: [internalTopic(changelog)] })
      await using _ = first
      await using second = await another(first)

      const set = await setOfGroup(first.client, first.groupId, 'streams.num.standby.replicas', '1')
      await second.join()
      await until('each has half and stands by for the other', async () => {
        for (const member of [first, second]) await member.report()
        return [first, second].every(({ active, standby }) => countOf(active) === 2 && countOf(standby) === 2)
      })

      assert.equal(set, 0)
      assert.deepEqual(first.standby, second.active)
      assert.deepEqual(second.standby, first.active)
    })

    it('keeps the topology that it has until it is deleted', async () => {
      const repartition = newName()
      const config = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
      const written = { repartitionSinkTopics: [repartition] }
      const { topic, member } = await soleMember(2, {
        ...written,
        repartitionSourceTopics: [internalTopic(repartition, 2, config)],
      })
      await using _ = member
      const errorOf = async (more: Parameters<typeof topologyOf>[0], epoch = 0) => {
        const topology: StreamsTopology = { ...topologyOf({ sourceTopics: [topic.name], ...written, ...more }), epoch }
        const answer = await member.ask({ ...member.introduction, memberId: randomUUID(), topology })
        return [answer.errorCode, statusesOf(answer).includes(staleTopology)]
      }
      const turned = Object.fromEntries(Object.entries(config).toReversed())

      assert.deepEqual(await errorOf({ repartitionSourceTopics: [internalTopic(repartition, 2, turned)] }), [42, false])
      assert.deepEqual(await errorOf({ repartitionSourceTopics: [internalTopic(repartition, 2, {})] }), [42, false])
      await member.leave()
      assert.deepEqual(await errorOf({ repartitionSourceTopics: [internalTopic(repartition, 2, {})] }), [42, false])
      assert.equal(await remove(member), 0)
      assert.deepEqual(await errorOf({ repartitionSourceTopics: [internalTopic(repartition, 2, {})] }), [0, false])
    })

    it('waits for sources that are not there', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      const late = newName()
      await using member = await Member.start(target, newName(), topologyOf({ sourceTopics: [topic.name, late] }))
      await assignAtOnce(member.client, member.groupId)

      const joined = await member.join()
      const { groupState } = await describeGroup(member)

      assert.deepEqual([joined.errorCode, joined.activeTasks], [0, []])
      assert.deepEqual(statusesOf(joined).filter(isLasting), [missingSourceTopics])
      assert.ok(joined.status!.some(({ statusDetail }) => statusDetail.includes(late)))
      assert.equal(groupState, 'NotReady')
    })

    it('has no tasks while an internal topic has another size', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      const changelog = await target.createTopic({ partitions: 3 })
      const stateChangelogTopics = [internalTopic(changelog.name)]
      const topology = topologyOf({ sourceTopics: [topic.name], stateChangelogTopics })
      await using member = await Member.start(target, newName(), topology)
      await assignAtOnce(member.client, member.groupId)

      const joined = await member.join()

      assert.deepEqual([joined.errorCode, joined.activeTasks], [0, []])
      assert.deepEqual(statusesOf(joined).filter(isLasting), [incorrectlyPartitionedTopics])
      assert.equal((await describeGroup(member)).groupState, 'NotReady')
    })

    it('refuses a topology that no topics could make right', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      const errorOf = async (more: Parameters<typeof topologyOf>[0]) => {
        await using member = await Member.start(target, newName(), topologyOf({ sourceTopics: [topic.name], ...more }))
        const { errorCode } = await member.join()
        const described = await describeGroup(member)
        return [errorCode, described.errorCode]
      }

      assert.deepEqual(await errorOf({ stateChangelogTopics: [internalTopic(newName(), 2)] }), [130, 69])
      assert.deepEqual(await errorOf({ repartitionSourceTopics: [internalTopic(newName())] }), [130, 69])
    })

    it('refuses requests that say too little or what cannot be', async () => {
      const { member } = await soleMember(2)
      await using _ = member
      const { introduction } = member
      const errorOf = async (fields: Partial<Request>) => (await member.ask(fields)).errorCode
      const unknown = [{ subtopologyId: '1', partitions: [0] }]

      assert.equal(await errorOf({ ...introduction, memberId: '' }), 42)
      assert.equal(await errorOf({ ...introduction, groupId: '' }), 42)
      assert.equal(await errorOf({ ...introduction, rackId: '' }), 42)
      assert.equal(await errorOf({ ...introduction, rebalanceTimeoutMs: -1 }), 42)
      assert.equal(await errorOf({ ...introduction, topology: null }), 42)
      assert.equal(await errorOf({ ...introduction, activeTasks: [{ subtopologyId: '0', partitions: [0] }] }), 42)
      assert.equal(await errorOf({ memberEpoch: -3 }), 42)
      assert.equal(await errorOf({ activeTasks: [] }), 42)
      assert.equal(await errorOf({ topology: member.topology }), 42)
      assert.equal(await errorOf({ activeTasks: unknown, standbyTasks: [], warmupTasks: [] }), 42)
      assert.equal(await errorOf({ groupId: newName(), memberEpoch: 1 }), 69)
      assert.equal(await errorOf({ groupId: newName(), memberEpoch: -1 }), 69)
    })

    it('tells all members when one asks for a shutdown', async () => {
      const { member: first } = await soleMember(2)
      await using _ = first
      await using second = await another(first)

      const asked = await first.beat({ shutdownApplication: true })
      const joined = await second.join()

      assert.deepEqual(
        [asked, joined].map((answer) => statusesOf(answer).includes(shutdownApplication)),
        [true, true],
      )
    })

    it('takes offsets from its members by their epochs', async () => {
      const { topic, member } = await soleMember(2)
      await using _ = member
      const { client, groupId, memberId, epoch } = member
      const transactionalId = newName()
      const producer = await until('a producer id', async () => {
        const answer = await client.call(initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 })
        return answer.errorCode === 0 && answer
      })
      const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
      const topics = [{ name: topic.name, partitions }]
      const plainly = async (who: string, generationIdOrMemberEpoch: number) => {
        const request = { groupId, memberId: who, generationIdOrMemberEpoch, topics }
        return (await client.call(offsetCommit, 9, request)).topics[0]!.partitions[0]!.errorCode
      }
      const inTransaction = async (who: string, generationIdOrMemberEpoch: number) => {
        const { producerId, producerEpoch } = producer
        const request = { transactionalId, groupId, producerId, producerEpoch, topics }
        const answer = await client.call(txnOffsetCommit, 5, { ...request, memberId: who, generationIdOrMemberEpoch })
        return answer.topics[0]!.partitions[0]!.errorCode
      }
      const fetch = async (who: string | null, memberEpoch: number) => {
        const asked = { groupId, memberId: who, memberEpoch, topics: [{ name: topic.name, partitionIndexes: [0] }] }
        return (await client.call(offsetFetch, 9, { groups: [asked] })).groups[0]!.errorCode
      }

      assert.deepEqual([await plainly(memberId, epoch), await inTransaction(memberId, epoch)], [0, 0])
      assert.deepEqual([await plainly(memberId, epoch + 1), await inTransaction(memberId, epoch + 1)], [113, 22])
      assert.deepEqual([await plainly(memberId, 0), await inTransaction(memberId, 0)], [113, 22])
      assert.deepEqual([await plainly('nobody', epoch), await inTransaction('nobody', epoch)], [25, 25])
      assert.deepEqual([await plainly('', -1), await inTransaction('', -1)], [25, 0])
      assert.deepEqual(
        [await fetch(memberId, epoch), await fetch(memberId, epoch + 1), await fetch(null, -1)],
        [0, 113, 0],
      )
    })

    it('describes itself', async () => {
      const changelog = newName()
      const { topic, member } = await soleMember(2, { stateChangelogTopics: [internalTopic(changelog)] })
      await using _ = member
      const assignment = {
        activeTasks: [{ subtopologyId: '0', partitions: [0, 1] }],
        standbyTasks: [],
        warmupTasks: [],
      }

      assert.deepEqual(await describeGroup(member), {
        errorCode: 0,
        errorMessage: null,
        groupId: member.groupId,
        groupState: 'Stable',
        groupEpoch: member.epoch,
        assignmentEpoch: member.epoch,
        topology: {
          epoch: 0,
          subtopologies: [
            {
              subtopologyId: '0',
              sourceTopics: [topic.name],
              repartitionSinkTopics: [],
              stateChangelogTopics: [{ name: changelog, partitions: 2, replicationFactor: 1, topicConfigs: [] }],
              repartitionSourceTopics: [],
            },
          ],
        },
        members: [
          {
            memberId: member.memberId,
            memberEpoch: member.epoch,
            instanceId: null,
            rackId: null,
            clientId: 'contract',
            clientHost: '/127.0.0.1',
            topologyEpoch: 0,
            processId: member.processId,
            userEndpoint: null,
            clientTags: [],
            taskOffsets: [],
            taskEndOffsets: [],
            assignment,
            targetAssignment: assignment,
            isClassic: false,
          },
        ],
        authorizedOperations: -2147483648,
      })
    })

    it('tells members where the partitions of the others can be asked about', async () => {
      const { topic, member } = await soleMember(2)
      await using _ = member
      const userEndpoint = { host: 'here', port: 60_000 }

      await member.beat({ ...member.introduction, userEndpoint })
      const { partitionsByUserEndpoint } = await member.beat({ endpointInformationEpoch: -1 })

      assert.deepEqual(partitionsByUserEndpoint, [
        { userEndpoint, activePartitions: [{ topic: topic.name, partitions: [0, 1] }], standbyPartitions: [] },
      ])
    })

    it('is listed, and not deleted while it has members', async () => {
      const { member } = await soleMember(2)
      await using _ = member
      const { client, groupId } = member
      const find = async () =>
        (await client.call(listGroups, 5, { typesFilter: ['Streams'] })).groups.find((each) => each.groupId === groupId)

      assert.deepEqual(await find(), { groupId, protocolType: 'streams', groupState: 'Stable', groupType: 'streams' })
      assert.equal(await remove(member), 68)
      await member.leave()
      assert.equal((await find())?.groupState, 'Empty')
      assert.equal(await remove(member), 0)
      assert.equal(await find(), undefined)
    })

    it('gives way to a classic group once it is empty, and to no consumer group', async () => {
      const { member } = await soleMember(1)
      await using _ = member
      const { client, groupId } = member
      const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
      const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
      const joinClassic = async (memberId = '') =>
        client.call(joinGroup, 7, { groupId, ...timeouts, memberId, protocolType: 'contract', protocols })
      const joinConsumers = async () => {
        const consumer = { memberId: randomUUID(), memberEpoch: 0, rebalanceTimeoutMs: 1_000 }
        const request = { groupId, ...consumer, subscribedTopicNames: [], topicPartitions: [] }
        return (await client.call(consumerGroupHeartbeat, 1, request)).errorCode
      }

      assert.deepEqual([(await joinClassic()).errorCode, await joinConsumers()], [23, 69])
      await member.leave()
      assert.equal(await joinConsumers(), 69)
      const { memberId } = await joinClassic()
      assert.equal((await joinClassic(memberId)).errorCode, 0)
      assert.equal((await member.join()).errorCode, 69)
    })
  })
}
