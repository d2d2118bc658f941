import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ErrorCode } from '../../src/core/errors.ts'
import { audit, deadLetters, explain, field, redrive, stage, topology } from '../../src/streams/index.ts'
import { valuesOf } from './customers.ts'
import { until } from '../until.ts'
import { faults, faultyTopology, keyedMerges, keyedRecords } from './keyed-topology.ts'
import { SharingMembers } from './sharing-members.ts'
import { assertRefused, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const sourcePartitions = 3

/** Records of these sides and customers, wherever in the source. */
function unkeyedRecords(sides: readonly string[], from: number, to: number): SourceRecord[] {
  return keyedRecords(sides, from, to).map(({ value }, at) => ({ value, partition: at % sourcePartitions }))
}

/** Orders and payments, whose topics have other numbers of partitions, and their key under other names. */
function routedOrders({ app, otherSources, sink }: Stream, tasks?: number, { isMended = true } = {}) {
  return topology(app, { layout: 'routed', ...(tasks !== undefined && { tasks }) })
    .source<{ readonly isWanted?: boolean | 'unknown' }>('orders', { topic: otherSources['orders']! })
    .filter('wanted', ({ isWanted }) => {
      if (isWanted === 'unknown' && !isMended) throw new Error('not mended')
      return isWanted !== false
    })
    .side('order')
    .source('payments', { topic: otherSources['payments']! })
    .side('payment')
    .correlate('by-order', { order: field('id'), payment: field('of') }, { of: ['order', 'payment'] })
    .sink(sink)
}

export function routedLayout(target: Target): void {
  const members = new SharingMembers(target)

  describe('the layout "routed"', () => {
    it('shares records without keys out, and loses and repeats nothing where a member is killed', async () => {
      const stream = await target.stream({ sourcePartitions, otherSources: { 'single-sink': 3 } })
      const tasksTopics = [`${stream.app}.tasks`, `${stream.app}.by-id.tasks`]
      const count = await members.outliveOne(stream, 'routed', tasksTopics, unkeyedRecords)

      const { verdict, accounting, next } = await audit({ app: stream.app, bootstrapServers: target.bootstrapServers })
      assert.deepEqual([verdict, next?.verdict], ['proved', 'proved'])
      for (const accounts of [accounting, next!.accounting]) {
        assert.equal(
          accounts.reduce((sum, { emitted }) => sum + emitted, 0),
          3 * count,
        )
      }
    })

    it('routes sources of any number of partitions through as many as it has tasks, and accounts for each record', async () => {
      const count = 40
      const { bootstrapServers } = target
      const stream = await target.stream({ otherSources: { orders: 2, payments: 3 } })
      const { app, otherSources } = stream
      const order = (id: number, partition: number) => ({ value: `{"id":"o-${id}"}`, partition })
      const payment = (id: number, partition: number) => ({ value: `{"of":"o-${id}","cents":${id}}`, partition })
      const ids = Array.from({ length: count }, (_, id) => id)
      await stream.produce(
        [
          ...ids.map((id) => order(id, id % 2)),
          { value: '{"id":"o-unpaid"}' },
          { value: '{"id":"o-unpaid"}', partition: 1 },
          { value: '{"isWanted":false}' },
          { value: 'no order' },
        ],
        otherSources['orders'],
      )
      await stream.produce(
        ids.map((id) => payment(id, id % 3)),
        otherSources['payments'],
      )

      const { error } = await stream.run(routedOrders(stream, 5))

      assert.equal(error, undefined)
      const merges = ids.map(
        (id) => `{"id":"o-${id}","order":{"id":"o-${id}"},"payment":{"of":"o-${id}","cents":${id}}}`,
      )
      assert.deepEqual(valuesOf(await stream.merged()), merges.sort())
      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map(({ value, headers }) => [value, Object.fromEntries(headers)['millrace.topic']]),
        [['no order', otherSources['orders']]],
      )
      const unpaidTwice = { topic: otherSources['orders']!, partition: 1, offset: count / 2 }
      const ofParts = await deadLetters({
        app,
        bootstrapServers,
        origin: `${unpaidTwice.topic}:1@${unpaidTwice.offset}`,
      })
      assert.deepEqual(
        ofParts.map(({ app: own, reason, value }) => [own, reason, value]),
        [[`${app}.by-order`, 'DUPLICATE', '{"id":"o-unpaid"}']],
      )
      const { verdict, accounting, next } = await audit({ app, bootstrapServers })
      assert.deepEqual([verdict, next?.verdict], ['proved', 'proved'])
      assert.deepEqual(
        ['emitted', 'filtered', 'deadLettered'].map((name) =>
          accounting.reduce((sum, account) => sum + account[name as 'emitted'], 0),
        ),
        [2 * count + 2, 1, 1],
      )
      assert.equal(
        next!.accounting.reduce((sum, { pending }) => sum + pending, 0),
        1,
      )
      const program = routedOrders(stream, 5)
      const paid = await explain({ app, bootstrapServers, key: 'o-7', topology: program })
      assert.deepEqual(
        paid.published.flatMap(({ parts }) => parts).sort((one, other) => one.side.localeCompare(other.side)),
        [
          { side: 'order', topic: otherSources['orders'], partition: 1, offset: 3 },
          { side: 'payment', topic: otherSources['payments'], partition: 1, offset: 2 },
        ],
      )
      assert.deepEqual(
        paid.onward!.map(({ state, published }) => [state, published.map(({ key }) => key)]),
        [
          ['left', ['o-7']],
          ['left', ['o-7']],
        ],
      )
      const second = `${app}.by-order`
      const unpaid = await explain({ app: second, bootstrapServers, key: 'o-unpaid', topology: program })
      assert.deepEqual(unpaid.pending?.missing, ['payment'])
      assert.deepEqual(
        unpaid.earlier!.map(({ app: before, parts }) => [before, parts]),
        Array.from({ length: 2 }, (_, partition) => [
          app,
          [{ topic: otherSources['orders'], partition, offset: count / 2 }],
        ]),
      )
      assert.deepEqual(
        unpaid.deadLetters.map(({ letter }) => [letter.reason, letter.origins]),
        [['DUPLICATE', [unpaidTwice]]],
      )
    })

    it('has functions see each record before its part is routed, and no more, and keeps keys and lists as they are', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ otherSources: { orders: 2, items: 3 } })
      const { app, otherSources, sink } = stream
      const calls = { mapped: 0, made: 0 }
      interface Item {
        readonly of: number
        readonly name?: string
      }
      const program = topology(app, { layout: 'routed', tasks: 4 })
        .source('orders', { topic: otherSources['orders']! })
        .side('order', stage({ part: field('text') }))
        .source<Item>('items', { topic: otherSources['items']! })
        .map('mapped', ({ of, name }) => {
          calls.mapped++
          return { order: of, name }
        })
        .side(
          'item',
          stage({
            deterministic: false,
            part({ name }: { readonly name?: string }) {
              calls.made++
              if (name === undefined) throw new Error('no name')
              return name.toUpperCase()
            },
          }),
        )
        .correlate(
          'by-order',
          { order: field('id'), item: (value) => (value as { order: number }).order },
          {
            of: ['order', 'item'],
            collect: { item: { count: 2 } },
          },
        )
        .sink(sink)
      await stream.produce(
        [
          { value: '{"id":1.0,"text":"one"}', partition: 0 },
          { value: '{"id":2,"text":["two"]}', partition: 1 },
          { value: '{"id":"1","text":null}', partition: 1 },
        ],
        otherSources['orders'],
      )
      const items = [
        '{"of":1,"name":"a"}',
        '{"of":2,"name":"b"}',
        '{"of":2,"name":"c"}',
        '{"of":1}',
        '{"of":1,"name":"d"}',
      ]
      await stream.produce(
        items.map((value, partition) => ({ value, partition: partition % 3 })),
        otherSources['items'],
      )

      const { error } = await stream.run(program, { stageAttempts: 1 })

      assert.equal(error, undefined)
      assert.deepEqual(
        valuesOf(await stream.merged()).map((value) =>
          value.replace('["D","A"]', '["A","D"]').replace('["C","B"]', '["B","C"]'),
        ),
        ['{"id":1.0,"order":"one","item":["A","D"]}', '{"id":2,"order":["two"],"item":["B","C"]}'],
      )
      assert.deepEqual(calls, { mapped: items.length, made: items.length })
      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map(({ value, headers }) => [value, Object.fromEntries(headers)['millrace.topic']]),
        [['{"of":1}', otherSources['items']]],
      )
      const { verdict, next } = await audit({ app, bootstrapServers })
      assert.deepEqual([verdict, next?.verdict], ['proved', 'proved'])
      const routed = await explain({ app, bootstrapServers, key: '1', topology: program })
      assert.deepEqual(routed.published.map(({ parts }) => parts.map(({ side }) => side).join()).sort(), [
        'item',
        'item',
        'order',
      ])
      const merged = await explain({ app: `${app}.by-order`, bootstrapServers, key: '1', topology: program })
      assert.deepEqual(
        merged.published.map(({ parts }) => parts.map(({ side }) => side)),
        [['order', 'item', 'item']],
      )
    })

    it('has as many tasks as it began with, and names the record of a redriven one whose part dies', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ otherSources: { orders: 2, payments: 3 } })
      const { app } = stream
      const orders = stream.otherSources['orders']!
      await stream.produce([{ value: '{"id":"o-1"}' }, { value: '{"id":"o-1","isWanted":"unknown"}' }], orders)
      await stream.run(routedOrders(stream, undefined, { isMended: false }), { stageAttempts: 1 })
      await redrive({ app, bootstrapServers })
      await stream.run(routedOrders(stream, 3))

      const differ: ErrorCode = 'PARTITIONS_DIFFER'
      await assertRefused(routedOrders(stream, 4), bootstrapServers, { code: differ })
      const letters = await deadLetters({ app, bootstrapServers, origin: `${orders}:0@1` })
      assert.deepEqual(
        letters.map(({ app: own, reason, redrive: again }) => `${own} ${reason} ${again?.fate}`).sort(),
        [`${app} FILTER_FAILED processed`, `${app}.by-order DUPLICATE undefined`],
      )
    })

    it('names the records of parts that are promoted, and nowhere else any more, when their merge is refused', async () => {
      const { bootstrapServers } = target
      const count = 10
      const stream = await target.stream({ sourcePartitions })
      const { app, source } = stream
      const program = (isMended: boolean) => faultyTopology(stream, 'routed', isMended)
      await stream.produce(unkeyedRecords(['A', 'B'], 0, count))
      const promoting = await startQuietly(program(true), bootstrapServers, { replayRecordsMax: 0 })
      await promoting.caughtUp
      const routed = `${app}.routed`
      await until('all parts are promoted', async () => {
        const records = await stream.read(`${app}.by-id.tasks`)
        return new Set(records.flatMap(({ key }) => (key?.startsWith('part/') ? [key] : []))).size === 2 * count
      })
      await promoting.stop()
      const ends = await target.admin.fetchTopicOffsets(routed)
      await target.deleteRecords(
        routed,
        Object.fromEntries(ends.map(({ partition, high }) => [partition, Number(high)])),
      )
      await stream.produce(unkeyedRecords(['C'], 0, count))
      await stream.run(program(false), { stageAttempts: 1 })

      const letters = await deadLetters({ app, bootstrapServers, reason: 'MERGE_FAILED' })
      const records = new Map(
        (await stream.read(source)).map((each) => [`${each.partition}@${each.offset}`, each.value!]),
      )
      const named = letters.flatMap(({ topic, origins: [origin] }) =>
        topic === source ? [records.get(`${origin!.partition}@${origin!.offset}`)!] : [],
      )
      const refused = [...Array(count).keys()].filter(faults.merge)
      assert.deepEqual(
        named.sort(),
        refused.flatMap((id) => unkeyedRecords(['A', 'B', 'C'], id, id + 1).map(({ value }) => String(value))).sort(),
      )
    })
  })
}

export function routedTimes(target: Target): void {
  describe('event time in the layout "routed"', () => {
    it('lets no row expire whose parts a source partition has that is late, and is not held back by an idle one', async () => {
      const { bootstrapServers } = target
      // Nothing ever comes in the last partition.
      const stream = await target.stream({ sourcePartitions: 3 })
      const { app, source, sink } = stream
      const noon = 1_790_000_000_000
      const late = Promise.withResolvers<void>()
      const later = Promise.withResolvers<void>()
      const part = field('part')
      const program = topology(app, { layout: 'routed' })
        .source<{ readonly id: number; readonly stage: string }>(source)
        .filter('late', async ({ id, stage: side }) => {
          if (id < 10 && side !== 'A') await late.promise
          if (id >= 50 && id < 60 && side !== 'A') await later.promise
          return true
        })
        .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], expireAfterMs: 1_000 })
        .sink(sink)
      const at = (laterMs: number, partition: number, sides: readonly string[], from: number, to: number) =>
        keyedRecords(sides, from, to).map(({ value }) => ({ value, partition, timestampMs: noon + laterMs }))
      const lettersOf = async () => (await stream.read(`${app}.by-id.dead-letter`)).map(({ key }) => Number(key))
      const areMerged = (count: number) =>
        until(`${count} are merged`, async () => (await stream.merged()).length >= count)
      const first = await startQuietly(program, bootstrapServers)
      await until('each partition is told that nothing is to be read', async () => {
        const told = await stream.read(`${app}.routed`)
        return new Set(told.map(({ partition }) => partition)).size === 3
      })
      await first.stop()
      await stream.produce([...at(0, 0, ['A'], 0, 10), ...at(0, 1, ['B', 'C'], 0, 10)])

      const apps = await Promise.all([0, 1, 2].map(() => startQuietly(program, bootstrapServers)))
      await until('each has a source partition', async () => {
        const { program: all } = await apps[0]!.inspect({ wholeProgram: true })
        return all?.members.length === 3 && all.members.every(({ tasks }) => tasks!.length === 1)
      })
      for (let from = 10; from < 40; from += 10) {
        await stream.produce(at(60_000, 0, ['A', 'B', 'C'], from, from + 10))
        await areMerged(from)
      }
      assert.deepEqual(await lettersOf(), [])
      late.resolve()
      await areMerged(40)
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(40))

      await stream.produce(at(61_000, 1, ['A'], 40, 41))
      await stream.produce(at(120_000, 0, ['A'], 41, 42))
      await until('it has expired', async () => (await lettersOf()).length > 0)

      assert.deepEqual(await lettersOf(), [40])

      // Of what comes in a partition that was read to its end is told only once it is routed.
      await stream.produce([...at(121_000, 0, ['A'], 50, 60), ...at(121_000, 1, ['B', 'C'], 50, 60)])
      for (let from = 60; from < 80; from += 10) {
        await stream.produce(at(200_000, 0, ['A', 'B', 'C'], from, from + 10))
        await areMerged(from - 10)
      }
      assert.deepEqual(await lettersOf(), [40])
      later.resolve()
      await areMerged(70)
      await until('the last one has expired', async () => (await lettersOf()).length > 1)

      assert.deepEqual(await lettersOf(), [40, 41])
      const expired = await deadLetters({ app, bootstrapServers, origin: `${source}:1@20` })
      assert.deepEqual(
        expired.map((letter) => [letter.app, letter.reason, letter.origins]),
        [[`${app}.by-id`, 'EXPIRED', [{ topic: source, partition: 1, offset: 20 }]]],
      )
      const explained = await explain({ app: `${app}.by-id`, bootstrapServers, key: '40', topology: program })
      assert.deepEqual(
        explained.deadLetters.map(({ letter }) => letter.origins),
        expired.map(({ origins }) => origins),
      )
      await Promise.all(apps.map((each) => each.stop()))
      const { verdict, next, foreignRecords } = await audit({ app, bootstrapServers })
      assert.deepEqual([verdict, next?.verdict, foreignRecords], ['proved', 'proved', 0])
    })
  })
}

if (import.meta.main) onEachBroker([routedLayout, routedTimes])
