import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ErrorCode } from '../../src/core/errors.ts'
import { audit, checkTopics, explain, planUpgrade } from '../../src/streams/index.ts'
import { type CustomerRecord, customers, customerTopology, mergeOf, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount, assertProved, assertRefused } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

const accepting = { acceptLoss: true }

export function acceptedLoss(target: Target): void {
  describe('a source that has lost', () => {
    it('pending parts ends a start by their name, until the loss is accepted: then all others go on', async () => {
      const stream = await target.stream()
      await stream.produce(Array.from({ length: 20 }, (_, id) => record('A', id)))
      await stream.run(customerTopology(stream))
      await target.deleteRecords(stream.source, [3, 5])

      const { refusal } = await planOf(stream)
      assert.equal(
        `${refusal?.code}: ${refusal?.message}`,
        `PENDING_LOST: pending parts are gone, 8 in all: topic "${stream.source}", partition 0 begins at offset 3, the first one is at 0; --accept-loss goes on without them`,
      )
      assert.deepEqual(await problemsOf(stream), [`${refusal?.code}: ${refusal?.message}`])
      assert.deepEqual((await auditOf(stream)).goneParts, [
        { topic: stream.source, partition: 0, count: 3 },
        { topic: stream.source, partition: 1, count: 5 },
      ])
      const gone = await explain({ app: stream.app, key: '0', bootstrapServers: target.bootstrapServers })
      assert.deepEqual([gone.pending, gone.goneParts?.map(({ count }) => count)], [undefined, [3, 5]])
      await assertLossRefused(stream, 'PENDING_LOST')
      await stream.run(customerTopology(stream), accepting)
      await stream.produce(Array.from({ length: 20 }, (_, id) => record('B', id)))
      // What was accepted stands in the checkpoint and need not be accepted again.
      const { report } = await stream.run(customerTopology(stream))
      const { verdict, goneParts } = await auditOf(stream)

      assert.deepEqual([(await planOf(stream)).verdict, verdict, goneParts], ['same', 'proved', undefined])
      assert.deepEqual(await problemsOf(stream), [])
      const lost = [0, 2, 4, 1, 3, 5, 7, 9]
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20, lost))
      assertAccount(report, { emitted: 2 * (20 - lost.length), pending: lost.length, lost: lost.length })
    })

    it('records that were not read yet ends a start by their name, until the loss is accepted', async () => {
      const stream = await target.stream()
      await stream.produce(customers(10))
      await stream.run(customerTopology(stream))
      await stream.produce(customers(30).slice(20))
      await target.deleteRecords(stream.source, [30, 26])

      assert.match((await planOf(stream)).refusal!.message, /^records that were not read yet are gone, 36 in all: /)
      assert.match((await problemsOf(stream)).join(), /^KAFKA_OFFSET_LOST: [^,]* are gone, 36 in all: /)
      await assertLossRefused(stream, 'KAFKA_OFFSET_LOST')
      const { report } = await stream.run(customerTopology(stream), accepting)

      const lost = Array.from({ length: 20 }, (_, i) => 10 + i).filter((id) => id % 2 === 0 || id < 26)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(30, lost))
      assertAccount(report, { emitted: 2 * (30 - lost.length), lost: 2 * lost.length })
      await assertProved(target, stream)
    })

    it('parts of a stage that are read from it goes on with those of another that are promoted', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const inOne = (side: string, id: number) => ({ ...record(side, id), partition: 0 })
      const made = { part: ({ id }: CustomerRecord) => ({ of: `A${id}` }), deterministic: false }
      await stream.produce([inOne('B', 0), inOne('A', 1), inOne('B', 2), inOne('B', 3)])
      await stream.run(customerTopology(stream, made))
      await target.deleteRecords(stream.source, { 0: 3 })

      const { error } = await stream.run(customerTopology(stream, made), accepting)
      assert.equal(error, undefined)
      await stream.produce([inOne('A', 0), inOne('B', 1), inOne('A', 2), inOne('A', 3)])
      const { report } = await stream.run(customerTopology(stream, made))

      assert.deepEqual(valuesOf(await stream.merged()), [mergeOf(1), mergeOf(3)])
      assertAccount(report, { emitted: 4, pending: 2, lost: 2 })
    })

    it('everything is caught up with at once', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0), record('A', 1)])
      await stream.run(customerTopology(stream))
      await stream.produce(customers(10))
      await target.deleteRecords(stream.source, [11, 11])

      const { report } = await stream.run(customerTopology(stream), accepting)

      assertAccount(report, { lost: 22 })
      await assertRestarts(stream)
    })
  })

  const planOf = (stream: Stream) =>
    planUpgrade({ topology: customerTopology(stream), bootstrapServers: target.bootstrapServers })
  /** What a check of the topics finds wrong with the source, and with nothing else. */
  const problemsOf = async (stream: Stream) => {
    const { isReady, topics } = await checkTopics({
      topology: customerTopology(stream),
      bootstrapServers: target.bootstrapServers,
    })
    const unfit = topics.filter(({ problem }) => problem !== undefined)
    assert.deepEqual([isReady, unfit.every(({ use }) => use === 'source')], [unfit.length === 0, true])
    return unfit.map(({ problem }) => problem)
  }
  const auditOf = ({ app }: Stream) => audit({ app, bootstrapServers: target.bootstrapServers })

  function assertLossRefused(stream: Stream, code: ErrorCode): Promise<void> {
    return assertRefused(customerTopology(stream), target.bootstrapServers, { code })
  }

  async function assertRestarts(stream: Stream): Promise<void> {
    const { error } = await stream.run(customerTopology(stream))
    assert.equal(error, undefined)
  }
}

if (import.meta.main) onEachBroker([acceptedLoss])
