import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reset } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
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
  })
}

if (import.meta.main) onEachBroker([resets])
