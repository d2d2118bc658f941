import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type App, field, type PendingKey, stage, type Topology, topology } from '../../src/streams/index.ts'
import { customerTopology, record } from './customers.ts'
import { keyedPartitions, keyedRecords, keyedTopology } from './keyed-topology.ts'
import { committed, startQuietly } from './run.ts'
import { until } from '../until.ts'
import { onEachBroker, type Target } from './target.ts'

/** What is asked about a customer; a refusal by its code. */
function askedOf(app: App, correlation: string, key: string | number): Promise<unknown> {
  return app.pending(correlation, key).catch((error: { code?: string }) => error.code)
}

export function readsOfPendingRows(target: Target): void {
  const begin = (program: Topology) => startQuietly(program, target.bootstrapServers)

  describe('a read of a pending row', () => {
    it('tells its parts until its merge has committed, and never after a reader has seen that', async () => {
      const stream = await target.stream()
      const ids = Array.from({ length: 40 }, (_, id) => id)
      await stream.produce(ids.map((id) => record('A', id)))
      await using app = await begin(customerTopology(stream, undefined, { expireAfterMs: 86_400_000 }))

      // Asked before anything may have been read.
      await committed(app, ids.length)
      const first = await app.pending<{ A: { of: string } }>('by-id', 1)
      const [part] = first!.parts
      assert.deepEqual(
        [part!.side, part!.topic, part!.partition, part!.offset, part!.value.of],
        ['A', stream.source, 1, 0, 'A1'],
      )
      assert.deepEqual(first!.missing, ['B'])
      assert.equal(first!.oldestMs, part!.timestampMs)
      assert.deepEqual(first!.expires, { atMs: first!.oldestMs + 86_400_000, by: 'eventTime' })
      assert.equal(await app.pending('by-id', '1'), undefined)
      await assert.rejects(app.pending('by-di', 1), { code: 'TOPOLOGY_INVALID', message: /"by-di" .* "by-id"/ })
      await assert.rejects(app.pending('by-id', NaN), { code: 'CONFIG_INVALID_VALUE' })
      await using standby = await begin(customerTopology(stream, undefined, { expireAfterMs: 86_400_000 }))
      assert.equal(await askedOf(standby, 'by-id', 1), 'TABLES_ABSENT')

      for (const id of ids) {
        await stream.produce([record('B', id)])
        if (id % 8 > 0) continue
        await until('a reader sees the merge', async () => (await stream.merged()).some(({ key }) => key === `${id}`))
        assert.equal(await app.pending('by-id', id), undefined)
      }
      const asked = ids.map((id) => askedOf(app, 'by-id', id))
      await app.stop()
      // The last parts may not have been read.
      for (const answer of await Promise.all(asked)) {
        const isPending = (answer as PendingKey | undefined)?.missing?.join() === 'B'
        assert.ok(isPending || answer === undefined || answer === 'APP_STOPPED', JSON.stringify(answer))
      }
      assert.equal(await askedOf(app, 'by-id', 1), 'APP_STOPPED')
    })

    it('is of the correlation that is named', async () => {
      const stream = await target.stream({ otherSources: { prices: 1 } })
      const prices = stream.otherSources['prices']!
      const part = field('part')
      const chain = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }) })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .into('customer', stage({ part: field('A') }))
        .source(prices)
        .side('price', stage({ part }))
        .correlate('priced', field('id'), { of: ['customer', 'price'] })
        .sink(stream.sink)
      await stream.produce([record('A', 0), record('A', 1), record('B', 1)])
      await using app = await begin(chain)
      await app.caughtUp

      const [incomplete, waiting] = [await app.pending('by-id', 0), await app.pending('priced', 1)]

      assert.deepEqual([incomplete!.missing, waiting!.missing], [['B'], ['price']])
      assert.deepEqual(waiting!.parts[0]!.value, { of: 'A1' })
      assert.deepEqual([await app.pending('by-id', 1), await app.pending('priced', 0)], [undefined, undefined])
    })

    it('is of the records that were routed to their key, in the layout "routed"', async () => {
      const stream = await target.stream()
      await stream.produce(keyedRecords(['A', 'C'], 0, 4).map(({ value }, at) => ({ value, partition: at % 2 })))
      await using app = await begin(keyedTopology(stream, 'routed'))

      const partsOf = async (id: number) => ((await askedOf(app, 'by-id', id)) as PendingKey | undefined)?.parts
      await until('the last two have been copied', async () => (await partsOf(3))?.length === 2)

      const { parts, missing } = (await app.pending('by-id', 3))!
      assert.deepEqual([parts.map(({ value }) => value), missing], [['A3', 'C3'], ['B']])
    })

    it('is answered by the one member that has the task of the key, and refused by the others', async () => {
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const ids = Array.from({ length: 40 }, (_, id) => id)
      await stream.produce(keyedRecords(['A', 'C'], 0, ids.length))
      await using first = await begin(keyedTopology(stream))
      await using second = await begin(keyedTopology(stream))

      await until('each key is told by one of them, and each of them has some', async () => {
        const answers = await Promise.all(
          ids.map((id) => Promise.all([first, second].map((app) => askedOf(app, 'by-id', id)))),
        )
        const isTold = (answer: unknown) => (answer as PendingKey | undefined)?.missing?.join() === 'B'
        const areOfOne = answers.every((both) => both.filter(isTold).length === 1 && both.includes('PENDING_ELSEWHERE'))
        return areOfOne && answers.some(([of]) => isTold(of)) && answers.some(([, of]) => isTold(of))
      })
    })
  })
}

if (import.meta.main) onEachBroker([readsOfPendingRows])
