import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { ConsumerMember } from './consumer-member.ts'
import { StreamsMember, topologyOf } from './streams-member.ts'
import type { Target } from './target.ts'
import { until } from '../until.ts'

/** What members may expect of a group whose broker shares out the work, where sessions last for a second. */
export function groupSessionsContract(target: Target): void {
  describe('the session of a member', { concurrency: true }, () => {
    /** A silent member that has a whole topic, and one that has just joined. */
    const silentAndOther = async (instanceId: string | null = null) => {
      const topic = await target.createTopic({ partitions: 2 })
      const silent = await ConsumerMember.start(target, `contract-${randomUUID()}`, [topic], { instanceId })
      await silent.join()
      await silent.settle(2)
      const other = await ConsumerMember.start(target, silent.groupId, [topic])
      return { silent, other }
    }

    it('ends where nothing is heard of it, and the others get what it had', async () => {
      const { silent, other } = await silentAndOther()
      await using _ = silent
      await using __ = other

      const joined = await other.join()
      await other.settle(2)

      assert.deepEqual(joined.assignment, { topicPartitions: [] })
      assert.equal((await silent.ask()).errorCode, 25)
    })

    it('is the time that a static member has to restart', async () => {
      const instanceId = 'one'
      const { silent, other } = await silentAndOther(instanceId)
      await using _ = silent
      await using __ = other

      await silent.ask({ memberEpoch: -2, instanceId })
      const joined = await other.join()
      await other.settle(2)

      assert.deepEqual(joined.assignment, { topicPartitions: [] })
      assert.equal((await silent.ask({ instanceId })).errorCode, 25)
    })

    it('ends in a streams group as well', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      const topology = topologyOf({ sourceTopics: [topic.name] })
      await using silent = await StreamsMember.start(target, `contract-${randomUUID()}`, topology)
      await silent.join()
      await silent.settle(2)
      await using other = await StreamsMember.start(target, silent.groupId, topology)

      const joined = await other.join()
      await other.settle(2)

      assert.deepEqual(joined.activeTasks, [])
      assert.equal((await silent.ask()).errorCode, 25)
    })

    it('begins anew with each heartbeat', async () => {
      const { silent: member, other } = await silentAndOther()
      await using _ = member
      await using __ = other
      const beginsMs = performance.now()

      await until('twice a session is over', async () => {
        assert.equal((await member.ask()).errorCode, 0)
        return performance.now() > beginsMs + 2_000
      })
    })
  })
}
