import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { topicConfigs } from '../../src/kafka/index.ts'
import { field, type Key, recordKey, stage, start, type Topology, topology } from '../../src/streams/index.ts'
import { atCluster } from './at-cluster.ts'
import { type Correlation, customers, customerTopology, mergesOf, valuesOf } from './customers.ts'
import { millrace } from './millrace.ts'
import { assertAccount, assertRefused, startQuietly } from './run.ts'
import { onEachBroker, type Target } from './target.ts'
import { until } from '../until.ts'

export function starting(target: Target): void {
  describe('start', () => {
    for (const missing of ['source', 'sink'] as const) {
      it(`without its ${missing} topic fails before it creates or reads anything`, async () => {
        const stream = await target.stream()
        await target.deleteTopic(stream[missing])

        await assertRefused(customerTopology(stream), target.bootstrapServers, {
          code: 'KAFKA_TOPIC_MISSING',
          details: { topic: stream[missing] },
        })

        assert.equal((await target.admin.listTopics()).includes(stream.deadLetterTopic), false)
        const { groups } = await target.admin.describeGroups([stream.app])
        assert.ok(groups.every(({ state }) => state === 'Dead' || state === 'Empty'))
      })
    }

    for (const [wrong, topic] of [
      ['two partitions', { numPartitions: 2, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }],
      ['retention', { numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact,delete' }] }],
    ] as const) {
      it(`refuses a checkpoint topic with ${wrong}`, async () => {
        const stream = await target.stream()
        await target.admin.createTopics({
          topics: [{ topic: stream.checkpointTopic, ...topic, configEntries: [...topic.configEntries] }],
        })

        await assertRefused(customerTopology(stream), target.bootstrapServers, {
          code: 'CHECKPOINT_TOPIC_INVALID',
        })
      })
    }

    it('creates a dead-letter topic with as many partitions as the source', async () => {
      const stream = await target.stream({ sourcePartitions: 5 })

      await stream.run(customerTopology(stream))

      const { topics } = await target.admin.fetchTopicMetadata({ topics: [stream.deadLetterTopic] })
      assert.equal(topics[0]!.partitions.length, 5)
    })

    it('creates a checkpoint topic that the broker compacts early, and that takes what the source takes', async () => {
      const stream = await target.stream()
      await target.setConfigs(stream.source, { 'max.message.bytes': '4000000' })

      await stream.run(customerTopology(stream))

      const [segmentBytes, batchBytesMax] = await atCluster(target, (cluster) =>
        topicConfigs(cluster, stream.checkpointTopic, 'segment.bytes', 'max.message.bytes'),
      )
      assert.ok(Number(segmentBytes) <= 2 ** 26, `${segmentBytes}`)
      assert.ok(Number(batchBytesMax) > 4_000_000, `${batchBytesMax}`)
    })

    it('is a member of its group under the host id that it is given', async () => {
      const stream = await target.stream()

      await using _app = await startQuietly(customerTopology(stream), target.bootstrapServers, { hostId: 'pod-0' })

      const { groups } = await target.admin.describeGroups([stream.app])
      const host = createHash('sha256').update('pod-0').digest('hex').slice(0, 16)
      assert.deepEqual(
        groups[0]!.members.map(({ memberId }) => memberId.slice(0, `millrace-${host}-`.length)),
        [`millrace-${host}-`],
      )
    })

    it('of an empty source has caught up at once', async () => {
      const stream = await target.stream()

      const { report } = await stream.run(customerTopology(stream))

      assertAccount(report, {})
      assert.equal(report.statistics.epochs, 0)
    })

    it('takes memory for the backlog and for what is pending from the system before the first record', async () => {
      const stream = await target.stream()
      const flags = ['--customers', '120000', '--bootstrap-servers', target.bootstrapServers]
      const { code, stderr } = await millrace('generate', '--topic', stream.source, ...flags)
      assert.equal(code, 0, stderr)
      const program = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), {
          A: stage({ part }),
          B: stage({ part }),
          C: stage({ part }),
          D: stage({ part }),
        })
        .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C', 'D'] })
        .sink(stream.sink)

      const first = await startQuietly(program, target.bootstrapServers)
      assert.ok(first.report().tableBytes >= 20 * 2 ** 20, `${first.report().tableBytes} bytes for the backlog`)
      await first.caughtUp
      await first.stop()
      await using second = await startQuietly(program, target.bootstrapServers)

      assert.ok(second.report().tableBytes >= 50 * 2 ** 20, `${second.report().tableBytes} bytes for what is pending`)
    })
  })

  describe('stop', () => {
    it('commits what is on its way, and a later start goes on after it', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2_000))
      const never = { epochMs: 60_000, epochIdleMs: 60_000 }
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers, never)
      await until('parts are pending', () => app.report().pendingBytes > 0)
      assert.equal(app.progress().consumed, 0)
      assertAccount(app.report(), {})

      await app.stop()
      const { report } = await stream.run(customerTopology(stream))

      const stopped = app.report()
      assert.equal(stopped.isBalanced, true)
      assert.equal(
        app.progress().consumed,
        stopped.accounting.reduce((sum, { consumed }) => sum + consumed, 0),
      )
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(2_000))
      assert.equal(report.mergedRecords, 2_000 - stopped.mergedRecords)
      assertAccount(report, { emitted: 4_000 })
    })

    it('does not wait longer than drainMs for a function that never answers', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2))
      const called = Promise.withResolvers<void>()
      const part = () => {
        called.resolve()
        return new Promise<never>(() => {})
      }
      const app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers, { drainMs: 50 })

      await called.promise
      await app.stop()

      await assert.rejects(app.caughtUp, { code: 'APP_STOPPED' })
      assertAccount(app.report(), {})
    })
  })
}

const part = field('part')
const two = { A: stage({ part }), B: stage({ part }) }

/** A topology of which one thing is wrong. */
function built({
  name = 'app',
  source = 'source',
  sink = 'sink',
  ids = ['by-stage', 'by-id'],
  stages = two,
  key = 'id',
  correlation = { of: ['A', 'B'] },
}: {
  name?: string
  source?: string
  sink?: string
  ids?: [string, string] | string[]
  stages?: typeof two
  key?: string
  correlation?: { of: string[] } & Correlation
}): Topology {
  return topology(name)
    .source(source)
    .route(ids[0]!, field('stage'), stages)
    .correlate(ids[1]!, field(key), correlation as { of: ('A' | 'B')[] })
    .sink(sink)
}

/** A topology with a source, to which others may be added. */
const sourced = topology('app').source('first').route('by-stage', field('stage'), two)

/** One whose two sources read these topics. */
function readingFrom(second: string, third: string) {
  return topology('app')
    .source(second)
    .side('A')
    .source('third', { topic: third })
    .side('B')
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink('out')
}

/** One with optional sides. */
function withOptional(
  sides: ('A' | 'B')[],
  { withinMs = 8, ...given }: { withinMs?: number; expireAfterMs?: number | undefined },
) {
  const { expireAfterMs } = { expireAfterMs: 1_000, ...given }
  return sourced
    .correlate('by-id', field('id'), {
      of: ['A', 'B'],
      optional: { sides, withinMs },
      ...(expireAfterMs !== undefined && { expireAfterMs }),
    })
    .sink('out')
}

/** One of three sides, with what a test says of their parts, which the types would not let through. */
function withParts(given: object) {
  const correlation = { of: ['A', 'B', 'C'], expireAfterMs: 1_000, ...given }
  return topology('app')
    .source('in')
    .route('by-stage', field('stage'), { A: stage(), B: stage(), C: stage() })
    .correlate('by-id', field('id'), correlation as unknown as { of: ['A', 'B', 'C'] })
    .sink('out')
}

/** A list whose number another side tells. */
function toldBy(side: string) {
  return { count: { side, field: field('count') } }
}

export function invalidTopologies(): void {
  describe('start, before it connects', () => {
    for (const [fault, wrong, says] of [
      ['a name Kafka does not take', built({ name: 'my app' }), /may only have letters/],
      ['two operators of one id', built({ ids: ['same', 'same'] }), /two operators have the id "same"/],
      ['an operator without id', built({ ids: ['', 'by-id'] }), /an operator has an empty id/],
      ['one topic as source and sink', built({ source: 'one', sink: 'one' }), /two operators have the id "one"/],
      ['one side', built({ correlation: { of: ['A'] } }), /has 1 sides; it takes 2 to 16/],
      ['a side twice', built({ correlation: { of: ['A', 'B', 'A'] } }), /names side "A" twice/],
      [
        'a side without stage',
        built({ correlation: { of: ['A', 'B', 'C'] } }),
        /names side "C", but "by-stage" has no such stage/,
      ],
      ['a side that every object has', built({ correlation: { of: ['A', 'B', 'toString'] } }), /names side "toString"/],
      [
        'a field that is declared not deterministic',
        built({ stages: { ...two, B: stage({ part, deterministic: false }) } }),
        /stage "B" of "by-stage" is declared not deterministic, but has no function/,
      ],
      ['a side of the name of the key', built({ key: 'x.A' }), /side "A" of "by-id" has the name of the key/],
    ] as const) {
      it(`refuses ${fault}`, async () => {
        await assert.rejects(start(wrong), { code: 'TOPOLOGY_INVALID', message: says })
      })
    }

    it('refuses a stage that leads nowhere', async () => {
      const dangling = topology('app')
        .source('source')
        .route('by-stage', field('stage'), { ...two, C: stage({ part }) })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink')

      await assert.rejects(start(dangling), {
        code: 'TOPOLOGY_INVALID',
        message: /stage "C" of "by-stage" leads nowhere/,
      })
    })

    for (const [fault, wrong, says] of [
      ['one topic as two sources', readingFrom('in', 'in'), /two sources read the topic "in"/],
      ['one topic as the second source and sink', readingFrom('in', 'out'), /topic "out" is source and sink/],
      ['an operator of the id of the reader', readingFrom('sources', 'in'), /two operators have the id "sources"/],
      [
        'a side with a stage in each of two sources',
        sourced
          .source('in')
          .side('B')
          .correlate('by-id', field('id'), { of: ['A', 'B'] })
          .sink('out'),
        /side "B" comes from two sources with a stage each/,
      ],
      [
        'a key without a name',
        sourced.correlate('by-id', recordKey(), { of: ['A', 'B'] }).sink('out'),
        /"by-id" needs a keyName/,
      ],
      [
        'a key for no side',
        sourced
          .correlate('by-id', { A: field('id'), B: field('id'), C: field('id') } as { A: Key; B: Key }, {
            of: ['A', 'B'],
          })
          .sink('out'),
        /has a key for side "C", which it does not name/,
      ],
      [
        'an optional side that is none',
        withOptional(['C'] as never, {}),
        /has the optional side "C", which it does not name/,
      ],
      ['all sides as optional', withOptional(['A', 'B'], {}), /some sides of "by-id" are optional, not all/],
      ['no side as optional', withOptional([], {}), /some sides of "by-id" are optional, not none/],
      ['a wait that is no time', withOptional(['B'], { withinMs: 7 }), /withinMs of the optional sides .* is 7/],
      [
        'optional sides whose parts may be late for ever',
        withOptional(['B'], { expireAfterMs: undefined }),
        /needs rememberCompleted or expireAfterMs/,
      ],
      ['fewer sides than two as enough', withParts({ atLeast: 1 }), /atLeast of "by-id" is 1; .* from 2 to 2/],
      ['all sides as enough', withParts({ atLeast: 3 }), /atLeast of "by-id" is 3/],
      [
        'enough sides beside lists',
        withParts({ atLeast: 2, collect: { B: { count: 2 } } }),
        /has atLeast, so it takes neither optional sides nor lists/,
      ],
      [
        'enough sides whose other parts come later for ever',
        withParts({ atLeast: 2, expireAfterMs: undefined }),
        /has atLeast, so it needs rememberCompleted or expireAfterMs/,
      ],
      [
        'the latest part of no side',
        withParts({ latest: ['D'] }),
        /takes the latest part of side "D", which it does not/,
      ],
      [
        'a list of no side',
        withParts({ collect: { D: { count: 2 } } }),
        /collects the parts of side "D", which it does not/,
      ],
      [
        'the latest part of a list',
        withParts({ latest: ['B'], collect: { B: { count: 2 } } }),
        /collects the parts of side "B", so it has no latest one/,
      ],
      ['a list of one part', withParts({ collect: { B: { count: 1 } } }), /count of side "B" .* is 1; .* 2 to 1000/],
      ['a list that is too long', withParts({ collect: { B: { count: 1_001 } } }), /is 1001; it is a whole number/],
      ['a list without an end', withParts({ collect: { B: {} } }), /without a count, so it is optional/],
      [
        'a number that no side tells',
        withParts({ collect: { B: toldBy('D') } }),
        /is told by side "D", which it does not/,
      ],
      [
        'a number that may change',
        withParts({ latest: ['A'], collect: { B: toldBy('A') } }),
        /is told by side "A", of which the latest part counts/,
      ],
      [
        'a number that a list tells',
        withParts({ collect: { B: toldBy('C'), C: { count: 2 } } }),
        /is told by side "C", which is a list itself/,
      ],
      [
        'a side that tells two numbers',
        withParts({ collect: { B: toldBy('A'), C: toldBy('A') } }),
        /side "A" tells the count of "B" and of "C"/,
      ],
      [
        'a number that may never be told',
        withParts({ optional: { sides: ['A'], withinMs: 8 }, collect: { B: toldBy('A') } }),
        /is told by side "A", which is optional, so it is optional itself/,
      ],
      [
        'a side without a key',
        sourced.correlate('by-id', { A: field('id') } as { A: Key; B: Key }, { of: ['A', 'B'] }).sink('out'),
        /"by-id" has no key for side "B"/,
      ],
    ] as const) {
      it(`refuses ${fault}`, async () => {
        await assert.rejects(start(wrong), { code: 'TOPOLOGY_INVALID', message: says })
      })
    }

    it('refuses keys that are none, where they are given', () => {
      assert.throws(() => sourced.correlate('by-id', { A: 'id', B: field('id') } as never, { of: ['A', 'B'] }), {
        code: 'TOPOLOGY_INVALID',
        message: /the key of side "A" of "by-id" is the text "id", where a field belongs/,
      })
      assert.throws(() => recordKey('hex' as never), { code: 'TOPOLOGY_INVALID', message: /may be "text", "json"/ })
    })

    it('refuses one topic under two ids as source and sink', async () => {
      const cycle = topology('app')
        .source('in', { topic: 'same' })
        .route('by-stage', field('stage'), two)
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('out', { topic: 'same' })

      await assert.rejects(start(cycle), { code: 'TOPOLOGY_INVALID', message: /is source and sink, which is a cycle/ })
    })

    for (const [topics, says] of [
      [{ source: 'app.dead-letter' }, /is source and dead-letter topic of "app", which is a cycle/],
      [{ source: 'app.checkpoint' }, /is source and checkpoint topic of "app", which is a cycle/],
      [{ source: 'in', expireTo: 'in' }, /is source and expireTo, which is a cycle/],
      [{ sink: 'app.dead-letter' }, /is sink and dead-letter topic of "app", and each needs one of its own/],
      [{ sink: 'app.checkpoint' }, /is sink and checkpoint topic of "app"/],
      [{ sink: 'out', expireTo: 'out' }, /is sink and expireTo/],
      [{ expireTo: 'app.dead-letter' }, /is expireTo and dead-letter topic of "app"/],
      [{ expireTo: 'app.checkpoint' }, /is expireTo and checkpoint topic of "app"/],
      [{ source: '__consumer_offsets' }, /topic "__consumer_offsets", the source, is one of Kafka's own/],
      [{ sink: '__transaction_state' }, /topic "__transaction_state", the sink, is one of Kafka's own/],
      [{ expireTo: '__consumer_offsets' }, /topic "__consumer_offsets", the expireTo, is one of Kafka's own/],
    ] as const) {
      it(`refuses ${JSON.stringify(topics)}`, async () => {
        const { source, sink, expireTo }: { source?: string; sink?: string; expireTo?: string } = topics
        const wrong = built({
          ...(source !== undefined && { source }),
          ...(sink !== undefined && { sink }),
          correlation: { of: ['A', 'B'], ...(expireTo !== undefined && { expireAfterMs: 1, expireTo }) },
        })

        await assert.rejects(start(wrong), { code: 'TOPOLOGY_INVALID', message: says })
      })
    }

    for (const [fault, correlation, says] of [
      ['an expireAfterMs that is no time', { expireAfterMs: 0.5 }, /expireAfterMs of "by-id" is 0.5/],
      ['expireTo without expireAfterMs', { expireTo: 'late' }, /has expireTo, but no expireAfterMs/],
      [
        'a whenFull that there is not',
        { whenFull: 'drop' as 'stop' },
        /whenFull of "by-id" is "drop"; it is "stop", "expire-oldest" or "promote"/,
      ],
      ['a forMs that is no time', { rememberCompleted: { forMs: 0 } }, /forMs of rememberCompleted of "by-id" is 0/],
      ['a keysMax of none', { rememberCompleted: { forMs: 1, keysMax: 0 } }, /keysMax .* "by-id" is 0; .* to 20000000/],
      [
        'a keysMax of more than the table could hold',
        { rememberCompleted: { forMs: 1, keysMax: 20_000_001 } },
        /"by-id" is 20000001; it is a whole number from 1 to 20000000/,
      ],
    ] as const) {
      it(`refuses ${fault}`, async () => {
        const wrong = built({ correlation: { of: ['A', 'B'], ...correlation } })
        await assert.rejects(start(wrong), { code: 'TOPOLOGY_INVALID', message: says })
      })
    }

    it('refuses what is no topology, and says what it is', async () => {
      for (const [given, kind] of [
        [undefined, 'undefined'],
        [() => built({}), 'a function'],
        [topology('app'), 'an object'],
      ] as const) {
        await assert.rejects(start(given as unknown as Topology), {
          code: 'TOPOLOGY_INVALID',
          message: `a topology is ${kind}, where that belongs which topology(…)…sink(…) returns`,
        })
      }
    })

    it('refuses a field that names nothing', () => {
      for (const path of ['', 'a..b', []]) assert.throws(() => field(path), { code: 'TOPOLOGY_INVALID' })
    })

    it('refuses options that it does not have, and values out of range', async () => {
      await assert.rejects(start(built({}), { bootstrapServers: 'localhost:9', epochMs: 0 }), {
        code: 'CONFIG_INVALID_VALUE',
      })
      await assert.rejects(start(built({}), { bootstrapServers: 'nowhere' }), { code: 'CONFIG_INVALID_VALUE' })
      await assert.rejects(start(built({}), { epochMS: 1 } as object), { code: 'CONFIG_UNKNOWN_OPTION' })
    })
  })
}

if (import.meta.main) {
  invalidTopologies()
  onEachBroker([starting])
}
