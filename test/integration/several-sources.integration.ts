import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fetchGroupOffsets } from '../../src/kafka/index.ts'
import { audit, explain, field, recordKey, topology } from '../../src/streams/index.ts'
import { atCluster } from './at-cluster.ts'
import { saysOf, valuesOf } from './customers.ts'
import { grow } from './grow.ts'
import { assertAccount, assertRefused, committed, type RunSettings, startQuietly } from './run.ts'
import { until } from '../until.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const otherSources = { payments: 3, shipments: 1 }

/** Records of order `id` in each topic. */
function order(id: number): SourceRecord {
  return { value: `{"order":{"id":"o-${id}"}}`, partition: id % 2 }
}

function payment(id: number): SourceRecord {
  return { value: `{"orderRef":"o-${id}"}`, partition: id % 3 }
}

function shipment(id: number): SourceRecord {
  return { key: `o-${id}`, value: `{"no":${id}}` }
}

function mergeOf(id: number): string {
  return `{"id":"o-${id}","order":{"order":{"id":"o-${id}"}},"payment":{"orderRef":"o-${id}"},"shipment":{"no":${id}}}`
}

/** The program with shipments that a merge does without. */
function withoutShipments({ app, source, sink, otherSources: others }: Stream) {
  return topology(app)
    .source(source)
    .side('order')
    .source(others['payments']!)
    .side('payment')
    .source(others['shipments']!)
    .side('shipment')
    .correlate(
      'by-order',
      { order: field('order.id'), payment: field('orderRef'), shipment: recordKey() },
      {
        of: ['order', 'payment', 'shipment'],
        optional: { sides: ['shipment'], withinMs: 400 },
        rememberCompleted: { forMs: 86_400_000 },
      },
    )
    .sink(sink)
}

function each<Value>(ids: readonly number[], make: (id: number) => Value): Value[] {
  return ids.map(make)
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id)
}

/** The program; its sources may be declared in another order. */
function program({ app, source, sink, otherSources: others }: Stream, isReversed = false) {
  const keys = { order: field('order.id'), payment: field('orderRef'), shipment: recordKey() }
  const of = ['order', 'payment', 'shipment'] as const
  const begun = topology(app)
  const sourced = isReversed
    ? begun
        .source(others['shipments']!)
        .side('shipment')
        .source(others['payments']!)
        .side('payment')
        .source(source)
        .side('order')
    : begun
        .source(source)
        .side('order')
        .source(others['payments']!)
        .side('payment')
        .source(others['shipments']!)
        .side('shipment')
  return sourced.correlate('by-order', keys, { of }).sink(sink)
}

export function severalSources(target: Target): void {
  const newStream = () => target.stream({ otherSources })
  const produce = async (stream: Stream, of: { orders?: number[]; payments?: number[]; shipments?: number[] }) => {
    const { payments, shipments } = stream.otherSources
    if (of.orders) await stream.produce(each(of.orders, order))
    if (of.payments) await stream.produce(each(of.payments, payment), payments)
    if (of.shipments) await stream.produce(each(of.shipments, shipment), shipments)
  }
  const auditOf = ({ app }: Stream) => audit({ bootstrapServers: target.bootstrapServers, app })
  const explainKey = ({ app }: Stream, key: string) => explain({ bootstrapServers: target.bootstrapServers, app, key })

  describe('a program of several sources', () => {
    it('merges what has the same key in each of them, and accounts for every partition', async () => {
      const stream = await newStream()
      await produce(stream, { orders: upTo(40), payments: upTo(30), shipments: upTo(50) })

      const { report } = await stream.run(program(stream))

      assert.deepEqual(valuesOf(await stream.merged()), each(upTo(30), mergeOf).sort())
      assertAccount(report, { emitted: 90, pending: 30 })
      assert.deepEqual(
        report.accounting.map(({ topic, partition }) => [topic, partition]),
        [
          [stream.source, 0],
          [stream.source, 1],
          ...[0, 1, 2].map((partition) => [stream.otherSources['payments'], partition]),
          [stream.otherSources['shipments'], 0],
        ],
      )
      const offsets = await atCluster(target, async (cluster) => {
        const ofTopic = (topic: string, count: number) =>
          fetchGroupOffsets(cluster, stream.app, topic, count, { requireStable: true })
        const { payments, shipments } = stream.otherSources
        return Promise.all([ofTopic(stream.source, 2), ofTopic(payments!, 3), ofTopic(shipments!, 1)])
      })
      assert.deepEqual(offsets, [[20, 20], [10, 10, 10], [50]])
      const { verdict, accounting } = await auditOf(stream)
      assert.equal(verdict, 'proved')
      assert.deepEqual(accounting, report.accounting)
    })

    it('goes on from its checkpoint, also where its sources are declared in another order', async () => {
      const stream = await newStream()
      await produce(stream, { orders: upTo(20), payments: upTo(10) })
      assertAccount((await stream.run(program(stream))).report, { pending: 30 })
      await produce(stream, { payments: [10, 11], shipments: upTo(12) })

      const { report } = await stream.run(program(stream, true))

      assert.deepEqual(valuesOf(await stream.merged()), each(upTo(12), mergeOf).sort())
      assertAccount(report, { emitted: 36, pending: 8 })
      assert.equal((await auditOf(stream)).verdict, 'proved')
      await produce(stream, { payments: [12], shipments: [12] })
      assertAccount((await stream.run(program(stream))).report, { emitted: 39, pending: 7 })
    })

    it('tells of a key which records it has in which topic', async () => {
      const stream = await newStream()
      await produce(stream, { orders: upTo(2), payments: upTo(2), shipments: [1] })
      await stream.run(program(stream))
      await produce(stream, { shipments: [0] })

      const open = await explainKey(stream, 'o-0')
      const merged = await explainKey(stream, 'o-1')

      const { payments, shipments } = stream.otherSources
      assert.deepEqual(
        open.pending?.parts.map(({ side, topic, partition, offset }) => [side, topic, partition, offset]),
        [
          ['order', stream.source, 0, 0],
          ['payment', payments, 0, 0],
        ],
      )
      assert.deepEqual(open.pending?.missing, ['shipment'])
      assert.deepEqual(
        open.unread?.map(({ topic, offset }) => [topic, offset]),
        [[shipments, 1]],
      )
      assert.deepEqual(merged.published[0]?.parts, [
        { side: 'order', topic: stream.source, partition: 1, offset: 0 },
        { side: 'payment', topic: payments, partition: 1, offset: 0 },
        { side: 'shipment', topic: shipments, partition: 0, offset: 0 },
      ])
    })

    it('takes in partitions that any of them is given, and knows them by the same numbers after a restart', async () => {
      const stream = await newStream()
      const { payments } = stream.otherSources
      await produce(stream, { orders: upTo(10), payments: upTo(5) })
      const looking: RunSettings = { sourceRefreshMs: 20 }
      const app = await startQuietly(program(stream), target.bootstrapServers, looking)
      await app.caughtUp
      await grow(target, payments!, 5)
      await grow(target, stream.source, 3)
      await stream.produce(
        each([5, 6], (id) => ({ ...payment(id), partition: 4 })),
        payments,
      )
      await stream.produce(each([20, 21], (id) => ({ ...order(id), partition: 2 })))
      await committed(app, 19)
      await app.stop()
      await grow(target, payments!, 6)
      await stream.produce(
        each([7, 20], (id) => ({ ...payment(id), partition: 5 })),
        payments,
      )
      await produce(stream, { shipments: [0, 5, 6, 7, 20, 21] })

      const { report } = await stream.run(program(stream))

      assert.deepEqual(valuesOf(await stream.merged()), each([0, 5, 6, 7, 20], mergeOf).sort())
      assertAccount(report, { emitted: 15, pending: 12 })
      const added = report.accounting.slice(6).map(({ topic, partition }) => `${topic} ${partition}`)
      assert.deepEqual(added.sort(), [`${payments} 3`, `${payments} 4`, `${payments} 5`, `${stream.source} 2`].sort())
      assert.equal((await auditOf(stream)).verdict, 'proved')
    })

    it('promotes the parts of a compacted source, and reads the others again', async () => {
      const stream = await newStream()
      const { shipments } = stream.otherSources
      await target.setConfigs(shipments!, { 'cleanup.policy': 'compact,delete' })
      await produce(stream, { orders: upTo(4), shipments: upTo(4) })
      const promoted = async () =>
        (await stream.read(stream.checkpointTopic)).flatMap(({ key }) => (key?.startsWith('part/') ? [key] : []))
      const app = await startQuietly(program(stream), target.bootstrapServers)
      await until('some parts are promoted', async () => (await promoted()).length > 0)
      await app.stop()
      assert.deepEqual(await promoted(), ['part/5/0', 'part/5/1', 'part/5/2', 'part/5/3'])
      await target.deleteRecords(shipments!, { 0: 4 })
      await produce(stream, { payments: upTo(4) })

      const { report } = await stream.run(program(stream))

      assert.deepEqual(valuesOf(await stream.merged()), each(upTo(4), mergeOf).sort())
      assertAccount(report, { emitted: 12 })
    })

    it('names the topic that has lost pending parts, and counts them where that is accepted', async () => {
      const stream = await newStream()
      const { payments } = stream.otherSources
      await produce(stream, { orders: upTo(3), payments: upTo(6) })
      await stream.run(program(stream))
      await target.deleteRecords(payments!, { 1: 1 })

      await assertRefused(program(stream), target.bootstrapServers, {
        code: 'PENDING_LOST',
        message: new RegExp(`topic "${payments}", partition 1 begins at offset 1`),
      })
      await produce(stream, { shipments: upTo(3) })
      const { report } = await stream.run(program(stream), { acceptLoss: true })

      assert.deepEqual(valuesOf(await stream.merged()), each([0, 2], mergeOf).sort())
      assertAccount(report, { emitted: 6, lost: 1, pending: 5 })
    })

    it('merges without an optional side in the epoch that it has waited for, and does so again after a restart', async () => {
      const stream = await newStream()
      await produce(stream, { orders: upTo(4), payments: upTo(3), shipments: [0] })
      const before = await stream.run(withoutShipments(stream))
      assertAccount(before.report, { emitted: 3, pending: 5 })

      const app = await startQuietly(withoutShipments(stream), target.bootstrapServers)
      await until('the others are merged', () => app.report().mergedRecords === 2)
      await produce(stream, { shipments: [0, 1, 3] })
      await committed(app, 3)
      const report = app.report()
      const explained = await explainKey(stream, 'o-1')
      await app.stop()

      const partial = (id: number) => mergeOf(id).replace(/,"shipment".*/, '}')
      assert.deepEqual(valuesOf(await stream.merged()), [mergeOf(0), partial(1), partial(2)].sort())
      assertAccount(report, { emitted: 7, pending: 2, duplicate: 2 })
      const reasons = (await stream.deadLetters()).map((letter) => saysOf(letter).reason)
      assert.deepEqual(reasons, ['LATE', 'LATE'])
      const [published] = explained.published
      assert.deepEqual([published?.missing, published?.isExpired], [['shipment'], false])
      const { verdict } = await auditOf(stream)
      assert.equal(verdict, 'proved')
      // What no longer has to come may be required by no later version.
      await assertRefused(program(stream), target.bootstrapServers, {
        code: 'CHECKPOINT_INCOMPATIBLE',
        message: /side "shipment" was optional and is required/,
      })
    })

    it('is refused where a source is another topic, or was left out', async () => {
      const stream = await newStream()
      const { payments } = stream.otherSources
      await produce(stream, { orders: [0], payments: [0] })
      await stream.run(program(stream))

      const without = topology(stream.app)
        .source(stream.source)
        .side('order')
        .source(payments!)
        .side('payment')
        .correlate('by-order', { order: field('order.id'), payment: field('orderRef') }, { of: ['order', 'payment'] })
        .sink(stream.sink)
      await assertRefused(without, target.bootstrapServers, { code: 'CHECKPOINT_INCOMPATIBLE' })
      await target.deleteTopic(payments!)
      await target.admin.createTopics({ topics: [{ topic: payments!, numPartitions: 3 }] })

      await assertRefused(program(stream), target.bootstrapServers, {
        code: 'SOURCE_RECREATED',
        message: new RegExp(`topic "${payments}" is not the one`),
      })
    })
  })
}

if (import.meta.main) onEachBroker([severalSources])
