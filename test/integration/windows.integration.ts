import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  audit,
  deadLetters,
  field,
  planUpgrade,
  sliding,
  topology,
  tumbling,
  type WindowOptions,
} from '../../src/streams/index.ts'
import { assertAccount, assertRefused, startQuietly } from './run.ts'
import { onEachBroker, produce, type Stream, type Target } from './target.ts'

const startMs = 1_700_000_000_000
const sizeMs = 10_000

interface Windowing extends WindowOptions {
  readonly sizeMs?: number
  readonly graceMs?: number
}

const sold = (shop: string, cents: unknown, afterMs: number) => ({
  value: JSON.stringify({ shop, cents }),
  timestampMs: startMs + afterMs,
})

export function windows(target: Target): void {
  const sales = ({ app, source, sink }: Stream, { sizeMs: size = sizeMs, graceMs = 0, ...options }: Windowing = {}) =>
    topology(app)
      .source(source)
      .groupBy('by-shop', field('shop'))
      .window(tumbling({ sizeMs: size, graceMs }), options)
      .sum(field('cents'))
      .sink(sink)
  const audited = ({ app }: Stream) => audit({ bootstrapServers: target.bootstrapServers, app })

  describe('a program with windows', () => {
    it('goes on with those that are open, which the audit proves', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce([sold('a', 1, 0), sold('b', 2, 5_000), sold('a', 3, 11_000), sold('a', 'x', 12_000)])
      await stream.run(sales(stream))
      const first = await audited(stream)
      await stream.produce([sold('b', 4, 12_000), sold('b', 5, 3_000), sold('a', 6, 30_000)])

      const { report } = await stream.run(sales(stream))

      assert.deepEqual(first.windows, {
        rows: 1,
        found: 1,
        isWhole: true,
        results: 2,
        foundResults: 2,
        taken: 3,
        foundTaken: 3,
      })
      assertAccount(report, { aggregated: 5, late: 1, deadLettered: 1 })
      assert.deepEqual((await stream.merged()).map(({ key, value }) => `${key} ${value}`).toSorted(), [
        `a {"shop":"a","start":${startMs},"end":${startMs + sizeMs},"value":1}`,
        `a {"shop":"a","start":${startMs + sizeMs},"end":${startMs + 2 * sizeMs},"value":3}`,
        `b {"shop":"b","start":${startMs},"end":${startMs + sizeMs},"value":2}`,
        `b {"shop":"b","start":${startMs + sizeMs},"end":${startMs + 2 * sizeMs},"value":4}`,
      ])
      assert.equal((await audited(stream)).verdict, 'proved')
    })

    it('is wrong by the audit where there is a result that it has not published', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce([sold('a', 1, 0), sold('a', 2, 10_000)])
      await stream.run(sales(stream))
      await produce(target.kafka, stream.sink, [{ key: 'a', value: '{}', headers: { 'millrace.aggregated': '1/1' } }])

      const { verdict, windows: found } = await audited(stream)

      assert.equal(verdict, 'wrong')
      assert.deepEqual([found!.results, found!.foundResults, found!.taken, found!.foundTaken], [1, 2, 2, 3])
    })

    it('publishes a result with each record where it is asked for changes, which the audit proves', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce([sold('a', 1, 0), sold('a', 2, 5_000), sold('a', 3, 10_000), sold('a', 4, 1)])

      await stream.run(sales(stream, { results: 'changes' }))

      assert.deepEqual(
        (await stream.merged()).map(({ value }) => (JSON.parse(value!) as { value: number }).value),
        [1, 3, 3],
      )
      const { verdict, windows: found } = await audited(stream)
      assert.equal(verdict, 'proved')
      assert.deepEqual([found!.rows, found!.foundResults, found!.taken], [1, 3, 3])
    })

    it('has functions see results, which leave some out and fail on others, and the audit proves all', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce([sold('a', 1, 0), sold('b', 2, 0), sold('b', 2, 1), sold('c', 3, 0), sold('a', 4, 10_000)])
      const { app, source, sink } = stream
      const program = topology(app)
        .source(source)
        .groupBy('by-shop', field('shop'))
        .window(tumbling({ sizeMs }))
        .sum(field('cents'))
        .filter('not-b', (_, shop) => shop !== 'b')
        .map('cents', ({ value }, shop) => {
          if (shop === 'c') throw new Error('not c')
          return { shop, cents: value }
        })
        .sink(sink)

      const { report } = await stream.run(program)

      assertAccount(report, { aggregated: 5 })
      assert.deepEqual(
        (await stream.merged()).map(({ value }) => value),
        ['{"shop":"a","cents":1}'],
      )
      const letters = await deadLetters({ app, bootstrapServers: target.bootstrapServers })
      assert.deepEqual(
        letters.map(({ reason, cause, value }) => [reason, cause, value]),
        [
          [
            'RESULT_FAILED',
            '"cents" failed: not c',
            `{"shop":"c","start":${startMs},"end":${startMs + sizeMs},"value":3}`,
          ],
        ],
      )
      const { verdict, windows: found } = await audited(stream)
      assert.equal(verdict, 'proved')
      assert.deepEqual([found!.results, found!.foundResults, found!.taken, found!.foundTaken], [3, 3, 5, 5])
    })

    for (const results of ['closed', 'changes'] as const) {
      it(`goes on with sliding ones where results are ${results}, which the audit proves`, async () => {
        const stream = await target.stream({ sourcePartitions: 1 })
        const { app, source, sink } = stream
        const program = topology(app)
          .source(source)
          .groupBy('by-shop', field('shop'))
          .window(sliding({ timeDifferenceMs: 5_000 }), { results })
          .sum(field('cents'))
          .sink(sink)
        await stream.produce([sold('a', 1e308, 0), sold('a', 1e308, 4_000), sold('b', 2, 9_000), sold('a', 3, 8_000)])
        const first = await stream.run(program)
        await stream.produce([sold('a', 4, 10_000), sold('b', 5, 1_000), sold('b', 0, 90_000)])

        const { report } = await stream.run(program)

        assertAccount(first.report, { aggregated: 4 })
        assertAccount(report, { aggregated: 6, late: 1 })
        const last = (await stream.merged()).findLast(({ value }) => value!.includes(`"start":${startMs + 5_000},`))
        assert.equal(last!.value, `{"shop":"a","start":${startMs + 5_000},"end":${startMs + 10_001},"value":7}`)
        const letters = await deadLetters({ app, bootstrapServers: target.bootstrapServers })
        assert.deepEqual(
          letters.map(({ reason }) => reason),
          ['RESULT_FAILED'],
        )
        assert.equal((await audited(stream)).verdict, 'proved')
      })
    }

    it('is unproved where results have been removed', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce([sold('a', 1, 0), sold('a', 2, 10_000)])
      await stream.run(sales(stream))
      const [result] = await stream.merged()
      await target.deleteRecords(stream.sink, { [result!.partition]: 1 })

      const { verdict, windows: found } = await audited(stream)

      assert.equal(verdict, 'unproved')
      assert.deepEqual([found!.results, found!.foundResults], [1, 0])
    })

    it('ends where open windows have no room, and goes on with more', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce(Array.from({ length: 50 }, (_, shop) => sold(`s-${shop}`, 1, 0)))

      const { error } = await stream.run(sales(stream, { bytesMax: 2_048 }))
      const { report } = await stream.run(sales(stream))

      assert.equal((error as { code?: string }).code, 'STATE_BYTES_EXCEEDED')
      assertAccount(report, { aggregated: 50 })
    })

    it('lets windows leave that are over where the others have no room', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.produce(Array.from({ length: 200 }, (_, at) => sold('a', 1, at * sizeMs)))

      const { report, error } = await stream.run(sales(stream, { bytesMax: 1_024 }))

      assert.equal(error, undefined)
      assertAccount(report, { aggregated: 200 })
      assert.equal((await stream.merged()).length, 199)
    })

    it('is taken over by a standby with its open windows', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const { bootstrapServers } = target
      const active = await startQuietly(sales(stream), bootstrapServers)
      await stream.produce([sold('a', 1, 0), sold('a', 2, 1)])
      await active.caughtUp
      await using standby = await startQuietly(sales(stream), bootstrapServers, { standbyRefreshMs: 100 })
      assert.equal(standby.role, 'standby')
      await active.stop()
      await stream.produce([sold('a', 3, 2), sold('a', 4, 10_000)])

      await standby.caughtUp
      await standby.stop()

      assert.deepEqual(
        (await stream.merged()).map(({ value }) => value),
        [`{"shop":"a","start":${startMs},"end":${startMs + sizeMs},"value":6}`],
      )
    })
  })

  describe('another version of a program with windows', () => {
    it('may close them later, and keep other windows only under another name', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const { bootstrapServers } = target
      await stream.produce([sold('a', 1, 0)])
      await stream.run(sales(stream))
      const others = sales(stream, { sizeMs: 5_000 })

      const planned = await planUpgrade({
        bootstrapServers,
        topology: sales(stream, { graceMs: 5, late: 'deadLetter' }),
      })
      const { verdict, refusal } = await planUpgrade({ bootstrapServers, topology: others })

      assert.equal(planned.verdict, 'same')
      assert.equal(verdict, 'refused')
      const message =
        /windows was sum by field \["shop"\] of 10000 ms every 10000 ms and is sum by field \["shop"\] of 5000/
      assert.match(refusal!.message, message)
      await assertRefused(others, bootstrapServers, { code: 'CHECKPOINT_INCOMPATIBLE', message })
      const { app, source, sink } = stream
      const grouped = topology(app).source(source).groupBy('by-shop', field('shop'))
      await assertRefused(
        grouped
          .window(sliding({ timeDifferenceMs: sizeMs }))
          .sum(field('cents'))
          .sink(sink),
        bootstrapServers,
        {
          code: 'CHECKPOINT_INCOMPATIBLE',
          message: /of 10000 ms every 10000 ms and is sum by field \["shop"\] of 10000 ms, sliding/,
        },
      )
    })
  })
}

if (import.meta.main) onEachBroker([windows])
