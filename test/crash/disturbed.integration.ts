import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cluster, listOffsets, type Topic, TransactionalProducer } from '../../src/kafka/index.ts'
import { type CustomerRecord, customers, customerTopology, mergesOf, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertEndedBy, startQuietly } from '../integration/run.ts'
import type { Stream, Target } from '../integration/target.ts'

const customerCount = 2_000

/** What becomes of a running program when others do something to it. */
export function disturbances(target: Target): void {
  /** Produces the customers in many batches, so that they come in many turns. */
  async function produceInSteps(stream: Stream, records = customers(customerCount)): Promise<void> {
    for (let from = 0; from < records.length; from += 500) await stream.produce(records.slice(from, from + 500))
  }

  async function withTopic<Result>(name: string, use: (cluster: Cluster, topic: Topic) => Promise<Result>) {
    const cluster = new Cluster({ bootstrapServers: target.bootstrapServers })
    try {
      const [topic] = await cluster.topics([name])
      return await use(cluster, topic!)
    } finally {
      await cluster.close()
    }
  }

  /** Resolves when a topic has records that no transaction has ended yet, or none of these any more. */
  const whenOpen = (name: string, isOpen: boolean) =>
    withTopic(name, async (cluster, topic) => {
      for (;;) {
        const stable = await listOffsets(cluster, topic, 'latest', 'read_committed')
        const ends = await listOffsets(cluster, topic, 'latest', 'read_uncommitted')
        if (stable.some((offset, partition) => offset < ends[partition]!) === isOpen) return
      }
    })

  /** Side A holds its breath at a record until it is let go, when outputs of records before it have left already. */
  function breathHolder() {
    const isHeld = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    let count = 0
    const part = async ({ part }: CustomerRecord) => {
      if (++count === customerCount * 0.75) {
        isHeld.resolve()
        await letGo.promise
      }
      return part
    }
    return { part, isHeld: isHeld.promise, letGo: letGo.resolve }
  }

  /** Outputs leave at once, epochs end late. */
  const longEpochs = { epochMs: 60_000, epochIdleMs: 300, batchBytes: 1_024, partitionFetchBytes: 8_192 }

  describe('a transaction that is open for too long', () => {
    it('is aborted by the coordinator and done again', async () => {
      const stream = await target.stream()
      await produceInSteps(stream)
      const { part, isHeld, letGo } = breathHolder()
      const app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers, {
        ...longEpochs,
        transactionTimeoutMs: 1_000,
      })

      await isHeld
      await whenOpen(stream.sink, true)
      await whenOpen(stream.sink, false)
      letGo()
      await app.caughtUp()
      await app.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
      assertAccount(app.report(), { emitted: 2 * customerCount })
      assert.equal(app.report().statistics.rollbacks, 1)
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
      await whenOpen(stream.sink, true)

      await withTopic(stream.sink, async (cluster, topic) => {
        const intruder = new TransactionalProducer({
          cluster,
          topics: [topic],
          transactionalId: stream.app,
          transactionTimeoutMs: 60_000,
          group: stream.app,
          member: () => Promise.reject(new Error('it commits no offsets')),
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
      while (app.progress().consumed < records.length) await new Promise(setImmediate)
      await app.stop()

      const { epochs, rollbacks } = app.report().statistics
      t.diagnostic(`${epochs} epochs`)
      assert.equal(rollbacks, 0)
      assert.ok(epochs > 5)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
    })
  })
}
