import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { topicRange } from '../../src/kafka/index.ts'
import { field, stage, topology } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { atCluster } from './at-cluster.ts'
import { mergeOf, record, valuesOf } from './customers.ts'
import { runToEnd, startQuietly } from './run.ts'
import { onEmbeddedBroker, type Stream, type Target } from './target.ts'

/** More than a cleaner leaves. */
const count = 120_000
const keptMax = 100_000
/** Customers whose merges wait in the second correlation. */
const waiting = 5

/** Merges of customers meet names; those of most are left out before that. */
function named({ app, source, sink, otherSources }: Stream) {
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .into('both', stage({ part: (merged: { readonly id: number }) => (merged.id < waiting ? merged : undefined) }))
    .source(otherSources['names']!)
    .side('name')
    .correlate('by-customer', field('id'), { of: ['both', 'name'] })
    .sink(sink)
}

/** Customers without a second correlation, whose records are routed to it. */
function routed({ app, source, sink }: Stream) {
  return topology(app, { layout: 'routed' })
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

onEmbeddedBroker([internalTopics])

function internalTopics(target: Target): void {
  const lengthAt = (name: string) =>
    atCluster(target, async (cluster) => {
      const [topic] = await cluster.topics([name])
      const { starts, ends } = await topicRange(cluster, topic!)
      return { first: Math.min(...starts), length: ends.reduce((sum, end, at) => sum + end - starts[at]!, 0) }
    })

  describe('an internal topic', () => {
    it('holds no more copies of records than their merge may need, and all of those', async () => {
      const customers = count / 2
      const stream = await target.stream()
      const settings = { replayRecordsMax: 1_000, epochMs: 50 }
      const first = await startQuietly(routed(stream), target.bootstrapServers, settings)
      for (let from = 0; from < customers; from += 10_000) {
        const piece = Array.from({ length: 10_000 }, (_, at) => from + at).flatMap((id) =>
          id < waiting ? [record('A', id)] : [record('A', id), record('B', id)],
        )
        await stream.produce(piece.map((each, at) => ({ ...each, partition: at % 2 })))
      }
      const copies = `${stream.app}.routed`
      await until('all is merged', () => first.report().next!.mergedRecords === customers - waiting)
      await until('records have been deleted', async () => (await lengthAt(copies)).first > 0)

      const { length } = await lengthAt(copies)
      assert.ok(length <= keptMax + settings.replayRecordsMax, `${length} are left`)
      await first.stop()
      await stream.produce(Array.from({ length: waiting }, (_, id) => record('B', id)))
      const { error } = await runToEnd(routed(stream), target.bootstrapServers, settings)

      assert.equal(error, undefined)
      const merges = valuesOf(await stream.merged())
      assert.deepEqual(merges, Array.from({ length: customers }, (_, id) => mergeOf(id)).sort())
    })

    it('holds no more than the next correlation may need, and all of that', async () => {
      const stream = await target.stream({ otherSources: { names: 1 } })
      const settings = { replayRecordsMax: 1_000, epochMs: 50 }
      const first = await startQuietly(named(stream), target.bootstrapServers, settings)
      for (let from = 0; from < count; from += 10_000) {
        const piece = Array.from({ length: 10_000 }, (_, id) => [record('A', from + id), record('B', from + id)])
        await stream.produce(piece.flat())
      }
      const lengthOf = () => lengthAt(`${stream.app}.both`)
      await until('all is merged and consumed', () => {
        const { mergedRecords, next } = first.report()
        const consumed = next!.accounting.reduce((sum, account) => sum + account.filtered, 0)
        return mergedRecords === count && consumed === count - waiting
      })
      await until('records have been deleted', async () => (await lengthOf()).first > 0)

      const { length } = await lengthOf()
      assert.ok(length <= keptMax + settings.replayRecordsMax, `${length} are left`)
      await first.stop()
      const names = Array.from({ length: waiting }, (_, id) => ({ value: `{"id":${id}}` }))
      await stream.produce(names, stream.otherSources['names']!)
      const { error } = await runToEnd(named(stream), target.bootstrapServers, settings)

      assert.equal(error, undefined)
      assert.deepEqual(
        valuesOf(await stream.merged()),
        Array.from({ length: waiting }, (_, id) => `{"id":${id},"both":${mergeOf(id)},"name":{"id":${id}}}`),
      )
    })
  })
}
