import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { apis, Cluster } from '../../src/kafka/index.ts'
import { reset } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { closeAtEnd } from '../at-end.ts'
import { keyedMerges, keyedPartitions, keyedRecords, keyedTopology } from './keyed-topology.ts'
import type { KilledReset } from './killed-reset.ts'
import { assertAccount, assertRefused, startQuietly } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

export function resets(target: Target): void {
  describe('a reset', () => {
    it('lets the next start read the source from its start, and publish once more', async () => {
      const stream = await target.stream()
      await stream.produce([...customers(4), record('A', 4)])
      await stream.run(customerTopology(stream))

      const remains = await reset({ bootstrapServers: target.bootstrapServers, app: stream.app, dryRun: true })
      await reset({ bootstrapServers: target.bootstrapServers, app: stream.app })
      await assert.rejects(reset({ bootstrapServers: target.bootstrapServers, app: stream.app, dryRun: true }), {
        code: 'APP_UNKNOWN',
      })
      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(remains, { app: stream.app, group: stream.app, checkpointTopic: stream.checkpointTopic })
      assertAccount(report, { emitted: 8, pending: 1 })
      assert.deepEqual(valuesOf(await stream.merged()), [...mergesOf(4), ...mergesOf(4)].sort())
    })

    it('is refused while a process of the application runs', async () => {
      const stream = await target.stream()
      await stream.produce(customers(1))
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers)
      await app.caughtUp

      for (const dryRun of [true, false]) {
        await assert.rejects(reset({ bootstrapServers: target.bootstrapServers, app: stream.app, dryRun }), {
          code: 'APP_RUNNING',
          details: { app: stream.app, memberCount: 1 },
        })
      }
      await app.stop()
      await reset({ bootstrapServers: target.bootstrapServers, app: stream.app })

      assert.equal((await target.admin.listTopics()).includes(stream.checkpointTopic), false)
    })

    it('is refused while its group has members that are no consumers', async () => {
      const { app } = await target.stream()
      const cluster = new Cluster({ bootstrapServers: target.bootstrapServers })
      closeAtEnd(() => cluster.close())
      // Whose coordinator has begun its work then.
      await target.admin.describeGroups([app])
      const broker = await cluster.anyConnection()
      const [groupInstanceId, protocolType] = ['worker', 'connect']
      const { memberId, generationId } = await broker.ask(apis.joinGroup, {
        groupId: app,
        memberId: '',
        groupInstanceId,
        protocolType,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        protocols: [{ name: 'compatible', metadata: Buffer.from('metadata') }],
      })
      const own = { groupId: app, memberId, groupInstanceId, generationId, protocolType, protocolName: 'compatible' }
      await broker.ask(apis.syncGroup, { ...own, assignments: [{ memberId, assignment: Buffer.from('all of it') }] })

      await assert.rejects(reset({ bootstrapServers: target.bootstrapServers, app, dryRun: true }), {
        code: 'APP_RUNNING',
        details: { app, memberCount: 1 },
      })
    })

    it('of an application of which nobody knows is refused', async () => {
      await assert.rejects(reset({ bootstrapServers: target.bootstrapServers, app: 'nobody' }), { code: 'APP_UNKNOWN' })
    })

    it('mends an application whose checkpoint was deleted', async () => {
      const stream = await target.stream()
      await stream.produce(customers(1))
      await stream.run(customerTopology(stream))
      await target.deleteTopic(stream.checkpointTopic)
      await assertRefused(customerTopology(stream), target.bootstrapServers, { code: 'CHECKPOINT_MISSING' })

      await reset({ bootstrapServers: target.bootstrapServers, app: stream.app })
      const { report } = await stream.run(customerTopology(stream))

      assertAccount(report, { emitted: 2 })
    })

    it('ends the transaction that a killed process has left open, whose offsets would come back', async () => {
      const stream = await target.stream()
      await stream.produce(customers(1))
      await stream.run(customerTopology(stream))
      const killed = target.kafka.producer({ transactionalId: stream.app, idempotent: true, maxInFlightRequests: 1 })
      await killed.connect()
      const transaction = await killed.transaction()
      const topics = [{ topic: stream.source, partitions: [{ partition: 0, offset: '2' }] }]
      await transaction.sendOffsets({ consumerGroupId: stream.app, topics })

      await reset({ bootstrapServers: target.bootstrapServers, app: stream.app })

      await assert.rejects(transaction.commit())
      await killed.disconnect()
      const { report } = await stream.run(customerTopology(stream))
      assertAccount(report, { emitted: 2 })
    })

    for (const layout of ['keyed', 'routed'] as const) {
      it(`of a program in the layout "${layout}" may die on its way again and again`, async () => {
        const { bootstrapServers, admin, kafka } = target
        const stream = await target.stream({ sourcePartitions: keyedPartitions })
        const { app } = stream
        const program = keyedTopology(stream, layout)
        await stream.produce([...keyedRecords(['A', 'B', 'C'], 0, 20), ...keyedRecords(['A'], 20, 25)])
        const running = await startQuietly(program, bootstrapServers)
        await running.caughtUp
        await assert.rejects(reset({ bootstrapServers, app }), { code: 'APP_RUNNING' })
        await running.stop()
        const tasks = await stream.read(`${app}.tasks`)
        const { task } = JSON.parse(tasks.findLast(({ key }) => key === 'manifest')!.value!)
        const open = kafka.producer({ transactionalId: task.writer, idempotent: true, maxInFlightRequests: 1 })
        await open.connect()
        const transaction = await open.transaction()
        const topics = [{ topic: stream.source, partitions: [{ partition: 0, offset: '1' }] }]
        await transaction.sendOffsets({ consumerGroupId: app, topics })

        const remains = await reset({ bootstrapServers, app, dryRun: true })
        let deaths = 0
        while ((await resetIn({ app, bootstrapServers, diesAt: deaths + 1, isSent: deaths % 2 === 0 })) === 'SIGKILL')
          deaths++

        await assert.rejects(transaction.commit())
        await open.disconnect()
        const own = { app, group: app, checkpointTopic: `${app}.tasks` }
        const second = { app: `${app}.by-id`, group: `${app}.by-id`, checkpointTopic: `${app}.by-id.tasks` }
        assert.deepEqual(
          remains,
          layout === 'keyed' ? own : { ...own, internalTopics: [`${app}.routed`], next: second },
        )
        assert.ok(deaths >= (layout === 'keyed' ? 3 : 4), `${deaths} deaths`)
        await assert.rejects(reset({ bootstrapServers, app }), { code: 'APP_UNKNOWN' })
        const left = (await admin.listTopics()).filter((name) => name.startsWith(app))
        assert.deepEqual(
          left.filter((name) => /tasks|routed/.test(name)),
          [],
        )
        const { error } = await stream.run(program)
        assert.equal(error, undefined)
        assert.deepEqual(valuesOf(await stream.merged()), [...keyedMerges(20), ...keyedMerges(20)].sort())
      })
    }
  })
}

const resetFile = fileURLToPath(new URL('killed-reset.ts', import.meta.url))

/** @returns With what signal it has died; null where it has not. */
async function resetIn(request: KilledReset): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [resetFile, JSON.stringify(request)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const dismiss = closeAtEnd(() => child.kill('SIGKILL'))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  dismiss()
  if (signal === null) assert.equal(code, 0)
  return signal
}

if (import.meta.main) onEachBroker([resets])
