import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fetchGroupOffsets } from '../../src/kafka/index.ts'
import { atCluster } from './at-cluster.ts'
import { customers, customerTopology, mergesOf, valuesOf } from './customers.ts'
import { assertAccount, assertEndedBy, committed, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

export function epochs(target: Target): void {
  describe('an epoch', () => {
    it('commits to the group of the application how far it has read', async () => {
      const stream = await target.stream({ sourcePartitions: 3 })
      await stream.produce([...customers(50), { value: 'not json', partition: 2 }])

      const { report } = await stream.run(customerTopology(stream))

      await assertOffsetsCommitted(stream)
      assert.ok(report.statistics.epochs > 0)
      assert.equal(report.statistics.rollbacks, 0)
    })

    it('follows another with new records, as long as the program runs', async () => {
      const stream = await target.stream()
      const all = customers(40)
      await stream.produce(all.slice(0, 41))
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers)
      await app.caughtUp

      await stream.produce(all.slice(41))
      await committed(app, all.length)
      await app.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(40))
      assertAccount(app.report(), { emitted: 80 })
      await assertOffsetsCommitted(stream)
    })

    it('closes for its bytes, long before its time', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      for (let i = 0; i < 4; i++)
        await stream.produce(
          customers(500)
            .slice(250 * i, 250 * i + 250)
            .map(({ value }) => ({ value })),
        )

      const limits = { epochMs: 60_000, epochIdleMs: 60_000, epochBytes: 1_024, batchBytes: 1_024 }
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers, limits)
      await committed(app, 900)
      await app.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(500))
    })
  })

  describe('a topic that is deleted while the program runs', () => {
    for (const deleted of ['source', 'sink'] as const) {
      it(`ends it with the name of the ${deleted}, and its account adds up`, async () => {
        const stream = await target.stream()
        await stream.produce(customers(20).slice(0, 39))
        const app = await startQuietly(customerTopology(stream), target.bootstrapServers)
        await app.caughtUp

        await target.admin.deleteTopics({ topics: [stream[deleted]] })
        // The sink is missed at the next merge.
        if (deleted === 'sink') await stream.produce(customers(20).slice(39))

        const error = await app.done.catch((reason: unknown) => reason)
        assertEndedBy(error, 'KAFKA_TOPIC_MISSING')
        assertAccount(app.report(), { emitted: 38, pending: 1 })
      })
    }
  })

  /** The group has committed the end of the source. It says so once the last commit is complete at the broker, which is some time after it was answered. */
  async function assertOffsetsCommitted({ app, source }: Stream): Promise<void> {
    const ends = (await target.admin.fetchTopicOffsets(source)).toSorted((a, b) => a.partition - b.partition)
    const committedOffsets = await atCluster(target, (cluster) =>
      fetchGroupOffsets(cluster, app, source, ends.length, { requireStable: true }),
    )
    assert.deepEqual(
      committedOffsets,
      ends.map(({ offset }) => Number(offset)),
    )
  }
}

if (import.meta.main) onEachBroker([epochs])
