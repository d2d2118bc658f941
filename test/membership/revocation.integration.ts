import { findCoordinator, heartbeat, joinGroup, syncGroup } from '../../src/protocol/index.ts'
import { AssignerProtocol } from 'kafkajs'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MillraceError } from '../../src/core/errors.ts'
import { Membership } from '../../src/kafka/index.ts'
import { WireClient } from '../contract/wire-client.ts'
import { onEachBroker, type Target } from './target.ts'
import { until } from '../until.ts'

/** Come back with the id that was given, or once the coordinator serves. */
const notYet = [14, 15, 16, 79]
const rebalanceInProgress = 27

/** A program that leads the group as it likes. */
class ForeignLeader implements AsyncDisposable {
  readonly #client: WireClient
  readonly #group: string
  #memberId = ''
  #generationId = -1

  static async start(bootstrapServers: string, group: string): Promise<ForeignLeader> {
    const client = await WireClient.connect(bootstrapServers)
    // Kafka makes the topic behind its groups when it is first asked for one.
    await client.call(findCoordinator, 4, { keyType: 0, coordinatorKeys: [group] })
    return new ForeignLeader(client, group)
  }

  private constructor(client: WireClient, group: string) {
    this.#client = client
    this.#group = group
  }

  /** Joins, and shares out the partition: to itself, or to another member where there is one. */
  async lead(owner: 'itself' | 'another'): Promise<void> {
    const joined = await this.#join()
    const others = joined.members.map(({ memberId }) => memberId).filter((id) => id !== this.#memberId)
    const ownerId = owner === 'itself' ? this.#memberId : others[0]
    const { MemberAssignment } = AssignerProtocol
    await this.#client.call(syncGroup, 5, {
      ...this.#identity,
      protocolType: 'consumer',
      protocolName: 'millrace',
      assignments: joined.members.map(({ memberId }) => ({
        memberId,
        assignment: MemberAssignment.encode({
          version: 0,
          assignment: memberId === ownerId ? { [this.#group]: [0] } : {},
          userData: Buffer.alloc(0),
        }),
      })),
    })
  }

  /** Resolves when another member comes. */
  async rebalances(): Promise<void> {
    await until('the group rebalances', async () => {
      const { errorCode } = await this.#client.call(heartbeat, 4, this.#identity)
      return errorCode === rebalanceInProgress
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]()
  }

  get #identity() {
    return { groupId: this.#group, memberId: this.#memberId, generationId: this.#generationId, groupInstanceId: null }
  }

  async #join() {
    for (;;) {
      const joined = await this.#client.call(joinGroup, 7, {
        groupId: this.#group,
        sessionTimeoutMs: 45_000,
        rebalanceTimeoutMs: 45_000,
        memberId: this.#memberId,
        protocolType: 'consumer',
        protocols: [
          {
            name: 'millrace',
            metadata: AssignerProtocol.MemberMetadata.encode({
              version: 0,
              topics: [this.#group],
              userData: Buffer.alloc(0),
            }),
          },
        ],
      })
      this.#memberId = joined.memberId
      this.#generationId = joined.generationId
      if (!notYet.includes(joined.errorCode)) return joined
    }
  }
}

export function revocationSuite(target: Target): void {
  describe('an owner whose partition is given to another', () => {
    it('ends what is under way, in the new generation, before it leaves the group', async () => {
      const group = await target.newGroup()
      await using leader = await ForeignLeader.start(target.bootstrapServers, group)
      await leader.lead('itself')
      const lost = Promise.withResolvers<MillraceError>()
      const revoked = Promise.withResolvers<void>()
      const finished = Promise.withResolvers<void>()
      const joining = Membership.join({
        cluster: { bootstrapServers: target.bootstrapServers },
        group,
        topic: group,
        sessionTimeoutMs: 45_000,
        heartbeatIntervalMs: 50,
        maxStallMs: 10_000,
        onLost: lost.resolve,
        onRevoked: () => {
          revoked.resolve()
          return finished.promise
        },
      })
      await leader.rebalances()
      await leader.lead('another')
      await using owner = await joining
      await owner.owned()
      const before = await owner.member()

      await leader.lead('itself')
      await revoked.promise
      const after = await owner.member()
      const confirmed = await owner.member(after)
      finished.resolve()

      assert.ok(after.generationId > before.generationId)
      assert.deepEqual(confirmed, after)
      assert.equal((await lost.promise).code, 'OWNERSHIP_LOST')
      assert.match((await lost.promise).message, /another member was made the owner/)
      await leader.rebalances()
      await assert.rejects(owner.member(), { code: 'OWNERSHIP_LOST' })
      await assert.rejects(owner.owned(), { code: 'OWNERSHIP_LOST' })
    })
  })
}

if (import.meta.main) onEachBroker([revocationSuite])
