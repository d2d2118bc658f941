import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cluster, TaskMembership } from '../../src/kafka/index.ts'
import { newTasks } from '../membership/new-tasks.ts'
import { until } from '../until.ts'
import { type AuthorizedBroker, onEachAuthorizedBroker } from './authorized-broker.ts'

const taskCount = 3

onEachAuthorizedBroker(suite)

function suite(broker: AuthorizedBroker): void {
  describe('a member that shares tasks', () => {
    it('needs no right to change settings of its group, and says what it would change', async () => {
      const { bootstrapServers, sasl } = broker
      const cluster = new Cluster({ bootstrapServers, ...(sasl && { sasl }) })
      const { group, topics } = await newTasks(cluster, taskCount)
      await cluster.close()
      await broker.grant('runner', [
        { operation: 'Read', resource: 'group', name: group },
        ...[topics.tasks, ...topics.inputs].map(
          (name) => ({ operation: 'Describe', resource: 'topic', name }) as const,
        ),
      ])
      const told: string[] = []
      const own = new Set<number>()

      await using member = await TaskMembership.join({
        cluster: broker.settingsOf('runner'),
        group,
        topics,
        sessionTimeoutMs: 45_000,
        heartbeatIntervalMs: 500,
        giveUpMsMax: 10_000,
        maxStallMs: 10_000,
        onDegraded: (sentence) => told.push(sentence),
        onLost: (error) => assert.fail(error),
      })
      member.begin({
        gained: (tasks) => tasks.forEach((task) => own.add(task)),
        losing: () => {},
        stopping: () => {},
        standingBy: () => {},
      })
      await until('it has all tasks', () => own.size === taskCount)

      assert.equal(member.protocol, 'streams')
      assert.match(
        told[0]!,
        /^streams\.initial\.rebalance\.delay\.ms of group .* set it to 0, or allow .* ALTER_CONFIGS/,
      )
    })
  })
}
