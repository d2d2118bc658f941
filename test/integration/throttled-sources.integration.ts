import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type App, field, topology } from '../../src/streams/index.ts'
import { assertAccount, committed, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

/** Records of one batch. */
const batchRecords = 200
const ids = (batch: number) => Array.from({ length: batchRecords }, (_, at) => batch * batchRecords + at)
const order = (id: number) => ({ value: `{"id":${id},"order":true}` })
const payment = (id: number) => ({ value: `{"id":${id},"payment":true}` })

/** Resolves once a program has committed so many batches, of whatever source. */
const consumed = (app: App, batches: number) => committed(app, batches * batchRecords)

/** Orders, of which one a second is read, with their payments. */
function pairs({ app, source, sink, otherSources: { payments } }: Stream, recordsPerSecondMax?: number) {
  return topology(app)
    .source(source, recordsPerSecondMax === undefined ? {} : { recordsPerSecondMax })
    .side('order')
    .source(payments!)
    .side('payment')
    .correlate('by-id', field('id'), { of: ['order', 'payment'] })
    .sink(sink)
}

export function throttledSources(target: Target): void {
  describe('a source with a rate', () => {
    it('is read a batch at a time, holds up nothing, and what is pending of it is restored at once', async () => {
      const stream = await target.stream({ otherSources: { payments: 2 } })
      const payments = stream.otherSources['payments']!
      // A batch is a debt of more than three minutes, so that one is read in each run.
      for (const batch of [0, 1, 2]) await stream.produce(ids(batch).map(order))
      const start = () => startQuietly(pairs(stream, 1), target.bootstrapServers)

      const first = await start()
      await consumed(first, 1)
      // The source that has no rate is read, while the other one waits.
      await stream.produce(ids(2).map(payment), payments)
      await consumed(first, 2)
      const { partitions, isCaughtUp } = await first.inspect()
      assert.deepEqual(
        partitions.filter(({ topic }) => topic === stream.source).map(({ consumed: read, lag }) => [read, lag]),
        [
          [batchRecords, 2 * batchRecords],
          [0, 0],
        ],
      )
      assert.equal(isCaughtUp, false)
      await first.stop()

      // More than the rate of a second is pending, and read again before the next batch.
      const second = await start()
      await consumed(second, 1)
      await second.stop()

      await stream.produce([...ids(0), ...ids(1)].map(payment), payments)
      const { report } = await stream.run(pairs(stream))
      assertAccount(report, { emitted: 6 * batchRecords })
      assert.equal((await stream.merged()).length, 3 * batchRecords)
    })
  })
}

if (import.meta.main) onEachBroker([throttledSources])
