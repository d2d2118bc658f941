import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, topicConfigs, topicRange } from '../../src/kafka/index.ts'
import {
  audit,
  chainOf,
  deadLetters,
  explain,
  field,
  planUpgrade,
  redrive,
  type RedriveReport,
  type Report,
  reset,
  stage,
  type StageOptions,
  tumbling,
  type Topology,
  topology,
} from '../../src/streams/index.ts'
import twoCorrelations from '../../examples/two-correlations.ts'
import { renamed } from '../examples/renamed.ts'
import { until } from '../until.ts'
import { atCluster } from './at-cluster.ts'
import { type CustomerRecord, customers, customerTopology, mergeOf, record, valuesOf } from './customers.ts'
import { assertAccount, runToEnd, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const otherSources = { names: 1 }
const internalPartitions = 2
/** What may be fetched of two partitions before a function has taken it. */
const bufferedBytes = 300_000

/** The customers' topology, whose merges meet the customer's name. */
function namedCustomers(
  stream: Stream,
  both: StageOptions<unknown, unknown> = {},
  sideA: StageOptions<CustomerRecord, unknown> = { part: field('part') },
): Topology {
  const { app, source, sink } = stream
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage(sideA), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .into('both', stage(both))
    .source(stream.otherSources['names']!)
    .side('name')
    .correlate('by-customer', field('id'), { of: ['both', 'name'] })
    .sink(sink)
}

function nameOf(id: number): SourceRecord {
  return { value: `{"id":${id},"name":"Ada ${id}"}` }
}

function namedMergeOf(id: number): string {
  return `{"id":${id},"both":${mergeOf(id)},"name":${String(nameOf(id).value)}}`
}

function upTo<Value>(count: number, make: (id: number) => Value, from = 0): Value[] {
  return Array.from({ length: count }, (_, index) => make(from + index))
}

/** Of the subtopologies after the first one. */
function nextOf({ next }: Report): Report {
  assert.ok(next !== undefined)
  return next
}

export function severalCorrelations(target: Target): void {
  const ask = (app: string) => ({ bootstrapServers: target.bootstrapServers, app })
  const create = () => target.stream({ otherSources })
  const give = async (stream: Stream, records: readonly SourceRecord[], names: readonly SourceRecord[]) => {
    await stream.produce([...records])
    await stream.produce([...names], stream.otherSources['names']!)
  }
  const assertProved = async (stream: Stream) => {
    const { verdict, next } = await audit(ask(stream.app))
    assert.deepEqual([verdict, next?.verdict, next?.app], ['proved', 'proved', `${stream.app}.by-customer`])
  }

  describe('a program whose windows go into a correlation', () => {
    const counted = ({ app, source, sink, otherSources: others }: Stream): Topology =>
      topology(app)
        .source(source)
        .groupBy('by-stage', field('stage'))
        .window(tumbling({ sizeMs: 1_000 }))
        .count()
        .filter('not-b', (_, key) => key !== 'B')
        .map('named', ({ start, value }, key) => ({ id: `${key}@${start}`, count: value }))
        .into('counts')
        .source(others['names']!)
        .side('name')
        .correlate('by-id', field('id'), { of: ['counts', 'name'] })
        .sink(sink)

    it('comes to the end of both, goes on from both, and proves each', async () => {
      const stream = await target.stream({ sourcePartitions: 1, otherSources })
      const at = (timestampMs: number, side: string) => ({ ...record(side as 'A', 0), timestampMs })
      const names = [1_000, 2_000, 3_000].map((start) => ({ value: `{"id":"A@${start}"}` }))
      await give(stream, [at(1_000, 'A'), at(1_999, 'A'), at(1_500, 'B'), at(2_000, 'A')], names.slice(1))
      const first = await runToEnd(counted(stream), target.bootstrapServers)
      await give(stream, [at(2_001, 'A'), at(2_999, 'A'), at(3_000, 'A')], names.slice(0, 1))

      const { error, report } = await runToEnd(counted(stream), target.bootstrapServers)

      assert.deepEqual([first.error, error], [undefined, undefined])
      assertAccount(report, { aggregated: 7 })
      const { accounting, isBalanced } = nextOf(report)
      const total = (name: 'emitted' | 'pending') => accounting.reduce((sum, account) => sum + account[name], 0)
      assert.deepEqual([total('emitted'), total('pending'), isBalanced], [4, 1, true])
      assert.deepEqual((await stream.merged()).map(({ key, value }) => `${key} ${value}`).toSorted(), [
        'A@1000 {"id":"A@1000","counts":{"id":"A@1000","count":2},"name":{"id":"A@1000"}}',
        'A@2000 {"id":"A@2000","counts":{"id":"A@2000","count":3},"name":{"id":"A@2000"}}',
      ])
      const { verdict, next } = await audit(ask(stream.app))
      assert.deepEqual([verdict, next?.verdict], ['proved', 'proved'])
      const { published, earlier } = await explain({ ...ask(`${stream.app}.by-id`), key: 'A@2000' })
      assert.equal(published.length, 1)
      assert.deepEqual(
        earlier!.map(({ app, key, parts }) => [app, key, parts]),
        [[stream.app, 'A', []]],
      )
    })
  })

  describe('a program with two correlations', () => {
    it('comes to the end of both, goes on from both, and accounts for each', async () => {
      const stream = await create()
      await give(
        stream,
        [...customers(20), record('A', 20), { value: 'no JSON' }],
        [...upTo(18, nameOf), { value: '{}' }],
      )

      const first = await runToEnd(namedCustomers(stream), target.bootstrapServers)
      const waiting = await explain({ ...ask(stream.app), key: '19' })
      assert.deepEqual(
        waiting.onward!.map(({ state, published }) => [state, published]),
        [['pending', []]],
      )
      await give(stream, [record('B', 20)], upTo(3, nameOf, 18))
      const second = await runToEnd(namedCustomers(stream), target.bootstrapServers)

      assert.deepEqual([first.error, second.error], [undefined, undefined])
      assertAccount(first.report, { emitted: 40, pending: 1, deadLettered: 1 })
      const explained = await explain({ ...ask(stream.app), key: '19' })
      const [onward] = explained.onward!
      assert.equal(explained.onward!.length, 1)
      assert.deepEqual([onward!.app, onward!.record.topic], [`${stream.app}.by-customer`, `${stream.app}.both`])
      assert.deepEqual(
        [onward!.state, onward!.published.map(({ topic, key }) => [topic, key]), onward!.deadLetters],
        ['left', [[stream.sink, '19']], []],
      )
      assertAccount(nextOf(second.report), {
        emitted: 42,
        deadLettered: 1,
        skipped: skippedIn(nextOf(second.report)),
      })
      assert.deepEqual(valuesOf(await stream.merged()), upTo(21, namedMergeOf).sort())
      await assertProved(stream)
      const letters = await deadLetters(ask(stream.app))
      const told = letters.map(({ app, reason, topic }) => `${app}: ${reason} of ${topic}`)
      assert.deepEqual(told.sort(), [
        `${stream.app}.by-customer: KEY_MISSING of ${stream.otherSources['names']!}`,
        `${stream.app}: NOT_JSON of ${stream.source}`,
      ])
    })

    it('has the dead letters of both redriven by one request, each with its counts', async () => {
      const stream = await create()
      const failing = (isMended: boolean, on: number) => ({
        part(value: unknown) {
          const { id } = value as { id: number }
          if (!isMended && id === on) throw new Error('cannot divide')
          return value
        },
      })
      const program = (isMended: boolean) => namedCustomers(stream, failing(isMended, 1), failing(isMended, 0))
      await give(stream, customers(3), upTo(3, nameOf))
      await runToEnd(program(false), target.bootstrapServers)

      const dry = await redrive({ ...ask(stream.app), dryRun: true })
      const done = await redrive(ask(stream.app))
      await runToEnd(program(true), target.bootstrapServers)
      const again = await redrive(ask(stream.app))

      const countsOf = ({ app, redriven, next }: RedriveReport) => [app, redriven, next?.app, next?.redriven]
      const names = [stream.app, `${stream.app}.by-customer`] as const
      for (const report of [dry, done]) assert.deepEqual(countsOf(report), [names[0], 1, names[1], 1])
      assert.deepEqual(countsOf(again), [names[0], 0, names[1], 0])
      assert.equal((await stream.merged()).length, 3)
      await assertProved(stream)
    })

    it('explains a key of the second one back to the parts of the first, and one of the first onward', async () => {
      const { app } = await target.stream()
      const program = renamed(twoCorrelations, app)
      const [orders, payments, monthEnds] = ['placed-orders', 'order-payments', 'month-ends'].map((name) => ({
        topic: `${app}.${name}`,
        numPartitions: 1,
      }))
      const sink = { topic: `${app}.customer-statements`, numPartitions: 1 }
      await target.admin.createTopics({ topics: [orders!, payments!, monthEnds!, sink] })
      const producer = target.kafka.producer()
      await producer.connect()
      const send = (topic: string, ...values: readonly object[]) =>
        producer.send({ topic, messages: values.map((value) => ({ value: JSON.stringify(value) })) })
      await send(orders!.topic, ...[1, 2].map((id) => ({ orderId: `o-${id}`, customerId: 'c-1' })))
      await send(payments!.topic, ...[2, 1].map((id) => ({ orderId: `o-${id}`, cents: id })))
      await runToEnd(program, target.bootstrapServers)
      const second = ask(`${app}.by-customer`)

      const waiting = await explain({ ...second, key: 'c-1' })
      await send(monthEnds!.topic, { customerId: 'c-1', orders: 2 })
      await producer.disconnect()
      await runToEnd(program, target.bootstrapServers)
      const merged = await explain({ ...second, key: 'c-1' })
      const first = await explain({ ...ask(app), key: 'o-1' })

      const partsOf = (id: number) => [
        { side: 'order', topic: orders!.topic, partition: 0, offset: id - 1 },
        { side: 'payment', topic: payments!.topic, partition: 0, offset: 2 - id },
      ]
      assert.deepEqual([waiting.pending?.parts.length, merged.pending], [2, undefined])
      for (const { earlier = [] } of [waiting, merged]) {
        const told = earlier.toSorted((one, other) => one.key!.localeCompare(other.key!))
        assert.deepEqual(
          told.map(({ app: before, record, key, parts }) => [before, record.topic, key, parts]),
          [1, 2].map((id) => [app, `${app}.paid`, `o-${id}`, partsOf(id)]),
        )
      }
      assert.equal(merged.onward, undefined)
      assert.equal(first.earlier, undefined)
      const [onward] = first.onward!
      assert.deepEqual(
        onward!.published.map(({ key }) => key),
        ['c-1'],
      )
    })

    it('has caught up only when what the first has published is through the second', async () => {
      const stream = await create()
      await give(stream, customers(20), upTo(20, nameOf))
      const isOpen = Promise.withResolvers<void>()
      const held = async ({ part }: CustomerRecord) => {
        await isOpen.promise
        return part
      }
      await using app = await startQuietly(namedCustomers(stream, {}, { part: held }), target.bootstrapServers)
      await until('the second correlation has nothing to do', async () => (await app.inspect()).next!.isCaughtUp)

      isOpen.resolve()
      await app.caughtUp

      assert.equal(nextOf(app.report()).mergedRecords, 20)
      assert.equal(app.progress().consumed, app.progress().total)
      await app.stop()
      assert.deepEqual(valuesOf(await stream.merged()), upTo(20, namedMergeOf).sort())
    })

    it('is a program of one that has gone on: its first correlation keeps what it has pending', async () => {
      const stream = await target.stream({ otherSources: { ...otherSources, before: 1 } })
      const one = customerTopology({ ...stream, sink: stream.otherSources['before']! })
      await give(stream, [...customers(3), record('A', 3)], upTo(4, nameOf))
      await stream.run(one)
      const named = namedCustomers(stream)

      const { verdict, pending, next } = await planUpgrade({ topology: named, ...ask(stream.app) })
      await stream.produce([record('B', 3)])
      const { report } = await runToEnd(named, target.bootstrapServers)

      assert.deepEqual([verdict, pending, next?.verdict], ['same', 1, 'begins'])
      assertAccount(report, { emitted: 8 })
      assert.deepEqual(valuesOf(await stream.read(stream.otherSources['before']!)), upTo(3, mergeOf))
      assert.deepEqual(valuesOf(await stream.merged()), [namedMergeOf(3)])
      await assertProved(stream)
      const after = await planUpgrade({ topology: one, ...ask(stream.app) })
      assert.deepEqual([after.verdict, after.leaves], ['same', `${stream.app}.by-customer`])
    })

    it('reads on in its first correlation while the second one stands still, and keeps nothing of it in memory', async () => {
      const stream = await create()
      const isOpen = Promise.withResolvers<void>()
      const held = async (value: unknown) => {
        await isOpen.promise
        return value
      }
      const count = 3_000
      // No more of what is on its way than this is fetched.
      await using app = await startQuietly(namedCustomers(stream, { part: held }), target.bootstrapServers, {
        fetchBytes: 65_536,
        partitionFetchBytes: 4_096,
      })
      await give(stream, customers(count), upTo(count, nameOf))
      const firstIsDone = () => app.report().mergedRecords === count
      await until('the first correlation is at its end', firstIsDone)

      const before = app.report()
      const ofTopic = nextOf(before).accounting.filter(({ topic }) => topic === `${stream.app}.both`)
      assert.deepEqual(
        [before.pendingRows, ...ofTopic.map(({ consumed }) => consumed)],
        [0, 0, 0],
        'nothing of what waits is in a table',
      )
      const namesBytes = 100 * count
      assert.ok(
        nextOf(before).statistics.sourceBytes < namesBytes + bufferedBytes,
        'what waits is in the topic between',
      )
      await atCluster(target, async (cluster) => {
        assert.ok((await lengthOf(cluster, `${stream.app}.both`)) >= count)
      })
      isOpen.resolve()
      await app.caughtUp
      await until('all has its name', async () => (await stream.merged()).length === count)
      await app.stop()
      assert.deepEqual(valuesOf(await stream.merged()), upTo(count, namedMergeOf).sort())
    })

    it('ends as a whole where one of them cannot go on, and starts again where each was', async () => {
      const stream = await create()
      const count = 150
      await give(stream, customers(count), upTo(count, nameOf))
      let isBroken = true
      const part = (value: unknown) => {
        if (isBroken) throw new Error('no part of anything')
        return value
      }

      const { error } = await runToEnd(namedCustomers(stream, { part }), target.bootstrapServers)
      isBroken = false
      const { report } = await runToEnd(namedCustomers(stream, { part }), target.bootstrapServers)

      assert.equal((error as { code?: string }).code, 'STAGE_FAILS_ON_EVERYTHING')
      assertAccount(report, { emitted: 2 * count })
      assert.deepEqual(valuesOf(await stream.merged()), upTo(count, namedMergeOf).sort())
    })

    it('has a topic between that neither time nor size empties, and begins anew with it after a reset', async () => {
      const stream = await create()
      await give(stream, customers(5), upTo(5, nameOf))
      await runToEnd(namedCustomers(stream), target.bootstrapServers)
      const [first, second] = chainOf(namedCustomers(stream)) as [Topology, Topology]

      await atCluster(target, async (cluster) => {
        const [topic] = await cluster.topics([`${stream.app}.both`])
        assert.equal(topic!.partitions.length, internalPartitions)
        const names = ['cleanup.policy', 'retention.ms', 'retention.bytes']
        assert.deepEqual(await topicConfigs(cluster, topic!.name, ...names), ['delete', '-1', '-1'])
      })
      const remains = await reset(ask(stream.app))
      const { report } = await runToEnd(namedCustomers(stream), target.bootstrapServers)

      assert.deepEqual(remains, {
        app: first.name,
        group: first.name,
        checkpointTopic: `${first.name}.checkpoint`,
        internalTopics: [`${first.name}.both`],
        next: { app: second.name, group: second.name, checkpointTopic: `${second.name}.checkpoint` },
      })
      assertAccount(report, { emitted: 10 })
      assert.deepEqual(valuesOf(await stream.merged()), [...upTo(5, namedMergeOf), ...upTo(5, namedMergeOf)].sort())
    })
  })
}

/** Markers of transactions in the topic between. */
function skippedIn({ accounting }: Report): number {
  return accounting.reduce((sum, { skipped }) => sum + skipped, 0)
}

async function lengthOf(cluster: Cluster, name: string): Promise<number> {
  const [topic] = await cluster.topics([name])
  const { starts, ends } = await topicRange(cluster, topic!)
  return ends.reduce((sum, end, partition) => sum + end - starts[partition]!, 0)
}

if (import.meta.main) onEachBroker([severalCorrelations])
