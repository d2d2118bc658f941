import {
  deleteGroups,
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  offsetCommit,
  syncGroup,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

interface MemberOptions {
  instanceId?: string
  protocols?: string[]
  metadata?: string
  sessionTimeoutMs?: number
  rebalanceTimeoutMs?: number
}

// Kafka reads what members of type `consumer` tell the leader; of other types it is bytes.
const protocolType = 'contract'

/** One member of a group, on a connection of its own, because a join that waits blocks the connection. */
class Member implements AsyncDisposable {
  readonly client: WireClient
  readonly groupId: string
  readonly options: MemberOptions
  memberId = ''
  generationId = -1

  static async start(target: Target, groupId: string, options: MemberOptions = {}): Promise<Member> {
    return new Member(await target.connect(), groupId, options)
  }

  private constructor(client: WireClient, groupId: string, options: MemberOptions) {
    this.client = client
    this.groupId = groupId
    this.options = options
  }

  async joinOnce(version = 7) {
    const { sessionTimeoutMs = 10_000, rebalanceTimeoutMs = 10_000, instanceId = null } = this.options
    const { protocols = ['range'], metadata = 'wishes' } = this.options
    const joined = await this.client.call(joinGroup, version, {
      groupId: this.groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.memberId,
      groupInstanceId: instanceId,
      protocolType,
      protocols: protocols.map((name) => ({ name, metadata: Buffer.from(`${name} ${metadata}`) })),
    })
    this.memberId = joined.memberId
    this.generationId = joined.generationId
    return joined
  }

  /** Joins as clients do: a second time when told to come back with the id it was given. */
  async join(version = 7) {
    const joined = await this.joinOnce(version)
    return joined.errorCode === 79 ? this.joinOnce(version) : joined
  }

  sync(shares: Record<string, string> = {}, version = 5) {
    return this.client.call(syncGroup, version, {
      ...this.identity,
      protocolType,
      protocolName: 'range',
      assignments: Object.entries(shares).map(([memberId, share]) => ({ memberId, assignment: Buffer.from(share) })),
    })
  }

  async heartbeat(version = 4) {
    return (await this.client.call(heartbeat, version, this.identity)).errorCode
  }

  leave(version = 5) {
    const { groupId, memberId } = this
    const members = [{ memberId, groupInstanceId: null }]
    return this.client.call(leaveGroup, version, version >= 3 ? { groupId, members } : { groupId, memberId })
  }

  get identity() {
    const { groupId, memberId, generationId, options } = this
    return { groupId, memberId, generationId, groupInstanceId: options.instanceId ?? null }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client[Symbol.asyncDispose]()
  }
}

export function groupsContract(target: Target): void {
  const newGroup = () => `contract-${randomUUID()}`

  /** A group of one, stable in its first generation. */
  const stableMember = async (groupId = newGroup(), options: MemberOptions = {}) => {
    const member = await Member.start(target, groupId, options)
    await member.join()
    await member.sync({ [member.memberId]: 'all' })
    return member
  }

  describe('a group', { concurrency: true }, () => {
    it('gives a newcomer an id to come back with', async () => {
      await using member = await Member.start(target, newGroup())

      const asked = await member.joinOnce()
      const joined = await member.joinOnce()

      assert.equal(asked.errorCode, 79)
      assert.match(asked.memberId, /^contract-./)
      assert.deepEqual([joined.errorCode, joined.memberId, joined.leader], [0, asked.memberId, asked.memberId])
      assert.deepEqual([joined.generationId, joined.protocolType, joined.protocolName], [1, protocolType, 'range'])
      assert.deepEqual(joined.members, [
        { memberId: asked.memberId, groupInstanceId: null, metadata: Buffer.from('range wishes') },
      ])
    })

    it('is joined, synced, kept alive and left in each version of the protocol', async () => {
      for (let version = 0; version <= 9; version++) {
        await using member = await Member.start(target, newGroup())

        const joined = await member.join(version)
        const synced = await member.sync({ [member.memberId]: 'all' }, Math.min(version, 5))
        const errorCodes = [joined.errorCode, synced.errorCode, await member.heartbeat(Math.min(version, 4))]
        const left = await member.leave(Math.min(version, 5))

        assert.deepEqual([...errorCodes, left.errorCode], [0, 0, 0, 0], `version ${version}`)
        assert.equal(synced.assignment.toString(), 'all')
      }
    })

    it('shares out what its leader decides', async () => {
      await using leader = await stableMember()
      await using follower = await Member.start(target, leader.groupId, { metadata: 'other' })

      const following = follower.join()
      await until('the group rebalances', async () => (await leader.heartbeat()) === 27)
      const led = await leader.join()
      const followed = await following
      const [ofLeader, ofFollower] = await Promise.all([
        leader.sync({ [leader.memberId]: 'left', [follower.memberId]: 'right' }),
        follower.sync(),
      ])

      assert.deepEqual([led.generationId, led.leader, led.members.length], [2, leader.memberId, 2])
      assert.deepEqual([followed.generationId, followed.leader, followed.members], [2, leader.memberId, []])
      assert.deepEqual([ofLeader.assignment.toString(), ofFollower.assignment.toString()], ['left', 'right'])
      assert.deepEqual([ofLeader.protocolType, ofLeader.protocolName], [protocolType, 'range'])
    })

    it('rebalances when a member leaves', async () => {
      await using leader = await stableMember()
      await using follower = await Member.start(target, leader.groupId)
      const following = follower.join()
      await until('the group rebalances', async () => (await leader.heartbeat()) === 27)
      await Promise.all([leader.join(), following])
      await Promise.all([leader.sync({}), follower.sync()])

      await follower.leave()

      assert.equal(await leader.heartbeat(), 27)
      const alone = await leader.join()
      assert.deepEqual([alone.generationId, alone.members.length], [3, 1])
    })

    it('goes on without a member that is silent for its session', async () => {
      await using silent = await stableMember(newGroup(), { sessionTimeoutMs: 6_000 })
      await using member = await Member.start(target, silent.groupId, { rebalanceTimeoutMs: 60_000 })

      const joined = await member.join()

      assert.deepEqual([joined.generationId, joined.leader], [2, member.memberId])
      assert.equal(await silent.heartbeat(), 25)
    })

    it('goes on without a member that does not join again in time', async () => {
      await using late = await stableMember(newGroup(), { rebalanceTimeoutMs: 500, sessionTimeoutMs: 60_000 })
      await using member = await Member.start(target, late.groupId, { rebalanceTimeoutMs: 100 })

      const joined = await member.join()

      assert.deepEqual([joined.generationId, joined.members.length], [2, 1])
      assert.equal(await late.heartbeat(), 25)
    })

    it('lets a follower that joins again without a change have what it had', async () => {
      await using leader = await stableMember()
      await using follower = await Member.start(target, leader.groupId)
      const following = follower.join()
      await until('the group rebalances', async () => (await leader.heartbeat()) === 27)
      await Promise.all([leader.join(), following])
      await Promise.all([leader.sync({ [follower.memberId]: 'right' }), follower.sync()])

      const again = await follower.join()

      assert.deepEqual([again.errorCode, again.generationId, again.leader], [0, 2, leader.memberId])
      assert.equal((await follower.sync()).assignment.toString(), 'right')
      assert.equal(await leader.heartbeat(), 0)
    })

    it('agrees on the protocol that all know and most prefer', async () => {
      await using first = await Member.start(target, newGroup(), { protocols: ['sticky', 'range'] })
      await first.join()
      await first.sync({})
      await using second = await Member.start(target, first.groupId, { protocols: ['range'] })

      const joining = second.join()
      await until('the group rebalances', async () => (await first.heartbeat()) === 27)
      const [joined] = await Promise.all([joining, first.join()])

      assert.equal(joined.protocolName, 'range')
    })

    it('refuses who shares no protocol with it', async () => {
      await using member = await stableMember()
      await using stranger = await Member.start(target, member.groupId, { protocols: ['sticky'] })

      assert.equal((await stranger.join()).errorCode, 23)
    })

    it('refuses sessions that are too short or too long, and an empty group id', async () => {
      await using hasty = await Member.start(target, newGroup(), { sessionTimeoutMs: 1 })
      await using patient = await Member.start(target, newGroup(), { sessionTimeoutMs: 1_800_001 })
      await using nameless = await Member.start(target, '')

      assert.equal((await hasty.join()).errorCode, 26)
      assert.equal((await patient.join()).errorCode, 26)
      assert.equal((await nameless.join()).errorCode, 24)
      assert.equal(await nameless.heartbeat(), 24)
    })

    it('knows its members and their generation', async () => {
      await using member = await stableMember()
      const { client, identity } = member
      const errorOf = async (wrong: Partial<typeof identity>) =>
        (await client.call(heartbeat, 4, { ...identity, ...wrong })).errorCode

      assert.equal(await errorOf({ memberId: 'nobody' }), 25)
      assert.equal(await errorOf({ generationId: 7 }), 22)
      assert.equal(await errorOf({ groupId: newGroup() }), 25)
      const sync = { ...identity, protocolType, protocolName: 'range', assignments: [] }
      assert.equal((await client.call(syncGroup, 5, { ...sync, generationId: 7 })).errorCode, 22)
      assert.equal((await client.call(syncGroup, 5, { ...sync, protocolName: 'sticky' })).errorCode, 23)
      assert.equal((await client.call(syncGroup, 5, { ...sync, protocolName: null })).errorCode, 23)
      assert.equal((await client.call(syncGroup, 5, { ...sync, memberId: 'nobody' })).errorCode, 25)
    })

    it('takes offsets from its members only', async () => {
      // A new topic may take longer than a session where much else is done.
      const topic = await target.createTopic()
      await using member = await stableMember()
      const errorOf = async ({ memberId, generationId }: { memberId: string; generationId: number }) => {
        const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
        const response = await member.client.call(offsetCommit, 8, {
          groupId: member.groupId,
          generationIdOrMemberEpoch: generationId,
          memberId,
          topics: [{ name: topic.name, partitions }],
        })
        return response.topics[0]!.partitions[0]!.errorCode
      }

      assert.equal(await errorOf(member.identity), 0)
      assert.equal(await errorOf({ memberId: member.memberId, generationId: 0 }), 22)
      assert.equal(await errorOf({ memberId: 'nobody', generationId: 1 }), 25)
      assert.equal(await errorOf({ memberId: '', generationId: -1 }), 25)
    })

    it('takes no offsets before the leader has shared out', async () => {
      const topic = await target.createTopic()
      await using member = await Member.start(target, newGroup())
      await member.join()
      const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]

      const response = await member.client.call(offsetCommit, 8, {
        groupId: member.groupId,
        generationIdOrMemberEpoch: member.generationId,
        memberId: member.memberId,
        topics: [{ name: topic.name, partitions }],
      })

      assert.equal(response.topics[0]!.partitions[0]!.errorCode, 27)
    })

    it('keeps the place of a static member, whose next life shuts out the one before', async () => {
      await using first = await stableMember(newGroup(), { instanceId: 'one' })
      await using second = await Member.start(target, first.groupId, { instanceId: 'one' })

      const joined = await second.join(9)

      assert.notEqual(second.memberId, first.memberId)
      assert.deepEqual([joined.errorCode, joined.generationId, joined.skipAssignment], [0, 1, true])
      assert.deepEqual([joined.leader, joined.members.length], [second.memberId, 1])
      assert.equal((await second.sync()).assignment.toString(), 'all')
      assert.equal(await first.heartbeat(), 82)
    })

    it('tells older versions of a static leader that it still follows', async () => {
      await using first = await stableMember(newGroup(), { instanceId: 'one' })
      await using second = await Member.start(target, first.groupId, { instanceId: 'one' })

      const joined = await second.join(8)

      assert.deepEqual([joined.errorCode, joined.leader, joined.members], [0, first.memberId, []])
    })

    it('removes a static member by its instance id', async () => {
      await using member = await stableMember(newGroup(), { instanceId: 'one' })
      const members = [
        { memberId: '', groupInstanceId: 'one' },
        { memberId: '', groupInstanceId: 'two' },
      ]

      const left = await member.client.call(leaveGroup, 5, { groupId: member.groupId, members })

      assert.deepEqual(
        left.members.map(({ errorCode }) => errorCode),
        [0, 25],
      )
      assert.equal(await member.heartbeat(), 25)
    })

    it('describes itself in each version', async () => {
      await using member = await stableMember()

      for (let version = 0; version <= 6; version++) {
        const { groups } = await member.client.call(describeGroups, version, {
          groups: [member.groupId],
          includeAuthorizedOperations: version >= 3,
        })
        assert.deepEqual(groups, [
          {
            errorCode: 0,
            errorMessage: null,
            groupId: member.groupId,
            groupState: 'Stable',
            protocolType,
            protocolData: 'range',
            members: [
              {
                memberId: member.memberId,
                groupInstanceId: null,
                clientId: 'contract',
                clientHost: '/127.0.0.1',
                memberMetadata: Buffer.from('range wishes'),
                memberAssignment: Buffer.from('all'),
              },
            ],
            authorizedOperations: version >= 3 ? 3400 : -2147483648,
          },
        ])
      }
    })

    it('is dead when it is not there', async () => {
      await using client = await target.connect()
      const groupId = newGroup()
      const describe = async (version: number) => {
        const { groups } = await client.call(describeGroups, version, { groups: [groupId] })
        return [groups[0]!.errorCode, groups[0]!.groupState]
      }

      assert.deepEqual(await describe(5), [0, 'Dead'])
      assert.deepEqual(await describe(6), [69, 'Dead'])
    })

    it('is listed by state and type in each version', async () => {
      await using member = await stableMember()
      const { client, groupId } = member
      const isListed = async (version: number, filters: { statesFilter?: string[]; typesFilter?: string[] }) =>
        (await client.call(listGroups, version, filters)).groups.find((group) => group.groupId === groupId)

      for (let version = 0; version <= 5; version++) {
        assert.deepEqual(await isListed(version, {}), {
          groupId,
          protocolType,
          groupState: version >= 4 ? 'Stable' : '',
          groupType: version >= 5 ? 'classic' : '',
        })
      }
      assert.ok(await isListed(5, { statesFilter: ['stable'], typesFilter: ['Classic'] }))
      assert.equal(await isListed(5, { statesFilter: ['Empty'] }), undefined)
    })

    it('is not deleted while it has members', async () => {
      await using member = await stableMember()
      const remove = async () =>
        (await member.client.call(deleteGroups, 2, { groupsNames: [member.groupId] })).results[0]!.errorCode

      assert.equal(await remove(), 68)
      await member.leave()
      assert.equal(await remove(), 0)
    })
  })
}
