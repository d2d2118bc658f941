import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TransactionalProducer } from '../../src/kafka/index.ts'
import { customers, customerTopology, mergesOf, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertEndedBy, committed, startQuietly } from '../integration/run.ts'
import { onEachBroker, type Target } from '../integration/target.ts'
import { customerCount, longEpochs, produceInSteps, runBeyondTimeout, whenOpen, withTopic } from './long-epochs.ts'

/** What becomes of a running program when others do something to it. */
export function disturbances(target: Target): void {
  describe('a transaction that is open for too long', () => {
    it('is aborted by the coordinator and done again', async () => {
      const stream = await target.stream()

      const report = await runBeyondTimeout(stream, target)

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
      assertAccount(report, { emitted: 2 * customerCount })
      assert.equal(report.statistics.rollbacks, 1)
    })

    it('remembers what it completed no more, until it is done again', async () => {
      const stream = await target.stream()
      const correlation = { rememberCompleted: { forMs: 60_000 } }

      const { statistics } = await runBeyondTimeout(stream, target, correlation)
      await produceInSteps(stream)
      const { report } = await stream.run(customerTopology(stream, { part: (value) => value.part }, correlation))

      assert.equal(statistics.rollbacks, 1)
      assert.equal((await stream.merged()).length, customerCount)
      assertAccount(report, { emitted: 2 * customerCount, duplicate: 2 * customerCount })
    })
  })

  describe('a second producer of the same transactional id', () => {
    it('ends the program, whose open epoch leaves nothing; the next start does it again', async () => {
      const stream = await target.stream()
      const [, second, ...others] = customers(customerCount)
      const pad = 'x'.repeat(longEpochs.batchBytes)
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers, {
        ...longEpochs,
        epochIdleMs: 60_000,
      })
      // Larger than a batch, so that it leaves at once and nothing else is sent while the other producer takes over.
      await stream.produce([{ value: `{"stage":"A","id":0,"part":"${pad}"}`, partition: 0 }, second!])
      await whenOpen(target, stream.sink, true)

      await withTopic(target, stream.sink, async (cluster, topic) => {
        const intruder = new TransactionalProducer({
          cluster,
          topics: [topic],
          transactionalId: stream.app,
          transactionTimeoutMs: 60_000,
          group: stream.app,
          member: async () => ({ generationId: -1, memberId: '', groupInstanceId: null }),
          onFailed: (error) => assert.fail(error),
        })
        await intruder.begin()
        intruder.stop()
      })
      await produceInSteps(stream, others)

      assertEndedBy(await app.done.catch((error: unknown) => error), 'TRANSACTION_FENCED')
      assert.deepEqual(await stream.merged(), [])
      assertAccount(app.report(), {})
      const { report } = await stream.run(customerTopology(stream))
      assertAccount(report, { emitted: 2 * customerCount })
      assert.equal((await stream.merged()).length, customerCount)
    })
  })

  describe('standbys that come and go', () => {
    it('abort no epoch of the active process', async (t) => {
      const stream = await target.stream()
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers, { heartbeatIntervalMs: 100 })
      const records = customers(customerCount)
      const standbys = (async () => {
        for (let count = 0; count < 5; count++) {
          const standby = await startQuietly(customerTopology(stream), target.bootstrapServers)
          assert.equal(standby.role, 'standby')
          await standby.stop()
        }
        return 'are gone'
      })()

      let sent = 0
      for (let state = ''; state === '';) {
        await stream.produce(records.slice(sent, sent + 10))
        sent = Math.min(sent + 10, records.length)
        state = await Promise.race([standbys, Promise.resolve('')])
      }
      await produceInSteps(stream, records.slice(sent))
      await committed(app, records.length)
      await app.stop()

      const { epochs, rollbacks } = app.report().statistics
      t.diagnostic(`${epochs} epochs`)
      assert.equal(rollbacks, 0)
      assert.ok(epochs > 5)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
    })
  })
}

if (import.meta.main) onEachBroker([disturbances])
