import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { json, text } from '../../src/state/index.ts'
import {
  type AppEvents,
  audit,
  explain,
  field,
  type LookupTable,
  planUpgrade,
  stage,
  table,
  type Topology,
  topology,
} from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { type CustomerRecord, customerTopology, record, valuesOf } from './customers.ts'
import { grow } from './grow.ts'
import { assertEndedBy, assertRefused, committed, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

type Names = LookupTable<string, string>

/** A table of what sides are called. */
const namesIn = (topic: string, bytesMax?: number): Names =>
  table('names', { topic, key: text, value: json<string>(), ...(bytesMax !== undefined && { bytesMax }) })

/** Customers whose parts are what their side is called. */
function namedCustomers({ app, source, sink }: Stream, names: Names): Topology {
  const part = stage<CustomerRecord, string>({
    part: ({ stage: side }, view) => view.table(names).get(side) ?? 'nobody',
  })
  return topology(app)
    .tables(names)
    .source(source)
    .route('by-stage', field('stage'), { A: part, B: part })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

const row = (key: string, value: string | null, partition = 0): SourceRecord => ({ key, value, partition })

export function lookupTables(target: Target): void {
  /** A stream with a topic of two partitions that fills a table. */
  async function streamWithNames() {
    const stream = await target.stream({ otherSources: { names: 2 } })
    return { stream, topic: stream.otherSources['names']! }
  }
  const start = (program: Topology, settings = {}) => startQuietly(program, target.bootstrapServers, settings)
  const merged = async (stream: Stream) => valuesOf(await stream.merged())

  describe('a table that a topic fills', () => {
    for (const [config, isTold] of [
      [{ 'cleanup.policy': 'delete', 'retention.ms': '60000' }, true],
      [{ 'cleanup.policy': 'delete', 'retention.ms': '-1' }, false],
      [{ 'cleanup.policy': 'compact' }, false],
    ] as const) {
      it(`${isTold ? 'warns' : 'says nothing'} at a start where the topic has ${JSON.stringify(config)}`, async () => {
        const { stream, topic } = await streamWithNames()
        await target.setConfigs(topic, config)
        await stream.produce([record('A', 1)])
        const told: unknown[] = []

        await stream.run(namedCustomers(stream, namesIn(topic)), {
          onWarning: (facts, text) => told.push([facts.topic, text.replace(/:.*/, '')]),
        })

        const expected = [[topic, 'a topic that fills a table has cleanup.policy=delete']]
        assert.deepEqual(told, isTold ? expected : [])
      })
    }

    it('has all that the topic had before the first record is read, and then what comes, deletions too', async () => {
      const { stream, topic } = await streamWithNames()
      await target.setConfigs(topic, { 'cleanup.policy': 'compact' })
      // Far more than one response has.
      const many = Array.from({ length: 30_000 }, (_, id) => row(`name-${id}`, JSON.stringify('x'.repeat(100))))
      await stream.produce([row('A', '"Ann"'), row('B', '"Bob"', 1), row('gone', '"Gus"')], topic)
      for (let at = 0; at < many.length; at += 5_000) await stream.produce(many.slice(at, at + 5_000), topic)
      await stream.produce([row('A', '"Ada"'), row('gone', null)], topic)
      const names = namesIn(topic)
      const sides = Array.from({ length: 20 }, (_, id) => record('A', id))
      await stream.produce(sides)

      const app = await start(namedCustomers(stream, names))
      await app.caughtUp
      {
        using rows = app.query()
        assert.deepEqual([rows.table(names).size, rows.table(names).get('gone')], [30_002, undefined])
      }
      await stream.produce([row('B', '"Bo"', 1), row('A', null)], topic)
      await until('the table has it', () => {
        using rows = app.query()
        return rows.table(names).get('B') === 'Bo' && !rows.table(names).has('A')
      })
      await stream.produce([...sides.map((_, id) => record('B', id)), record('A', 20), record('B', 20)])
      await committed(app, 42)
      await app.stop()

      assert.deepEqual(
        await merged(stream),
        Array.from({ length: 21 }, (_, id) => `{"id":${id},"A":"${id < 20 ? 'Ada' : 'nobody'}","B":"Bo"}`).sort(),
      )
      const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.equal(verdict, 'proved')
    })

    it('leaves what is pending with what it has found, over a restart, where explain finds it', async () => {
      const { stream, topic } = await streamWithNames()
      const { bootstrapServers } = target
      await stream.produce([row('A', '"Ann"'), row('B', '"Bob"')], topic)
      await stream.produce([record('A', 0), record('A', 1)])
      const program = namedCustomers(stream, namesIn(topic))
      await stream.run(program)
      await stream.produce([row('A', '"Ada"')], topic)

      const { pending } = await explain({ bootstrapServers, app: stream.app, key: '1' })
      await stream.produce([record('B', 0), record('B', 1), record('A', 2), record('B', 2)])
      await stream.run(program)

      assert.deepEqual(
        pending?.parts.map(({ side, offset }) => [side, offset]),
        [['A', 0]],
      )
      assert.deepEqual(await merged(stream), [
        '{"id":0,"A":"Ann","B":"Bob"}',
        '{"id":1,"A":"Ann","B":"Bob"}',
        '{"id":2,"A":"Ada","B":"Bob"}',
      ])
      assert.equal((await audit({ bootstrapServers, app: stream.app })).verdict, 'proved')
    })

    it('has nothing of transactions that are open or aborted, and is not held up by them', async () => {
      const { stream, topic } = await streamWithNames()
      const producer = target.kafka.producer({ transactionalId: `${stream.app}.names`, idempotent: true })
      await producer.connect()
      const send = async (value: string) => {
        const transaction = await producer.transaction()
        await transaction.send({ topic, messages: [{ key: 'A', value, partition: 0 }] })
        return transaction
      }
      await (await send('"Ann"')).commit()
      await (await send('"never"')).abort()
      const open = await send('"Ada"')
      await stream.produce([record('A', 0), record('B', 0)])
      const names = namesIn(topic)

      const app = await start(namedCustomers(stream, names))
      await app.caughtUp
      assert.deepEqual(await merged(stream), ['{"id":0,"A":"Ann","B":"nobody"}'])
      await open.commit()
      await producer.disconnect()
      await until('the table has it', () => {
        using rows = app.query()
        return rows.table(names).get('A') === 'Ada'
      })
      await app.stop()
    })

    it('tells of records that are no rows, and goes on without them', async () => {
      const { stream, topic } = await streamWithNames()
      const warnings: [object, string][] = []
      await stream.produce([row('A', '"Ann"'), row('B', '"Bob"')], topic)
      const names = namesIn(topic)
      const app = await start(namedCustomers(stream, names), {
        onWarning: (...said: [object, string]) => void warnings.push(said),
      })
      const told: AppEvents['tableRowsRefused'][] = []
      app.on('tableRowsRefused', (event) => told.push(event))
      await app.caughtUp

      await stream.produce([row('A', '{'), row('B', '?'), { value: '"nobody"' }, row('B', '"Bo"')], topic)
      await until('the table has what comes after them', () => {
        using rows = app.query()
        return rows.table(names).get('B') === 'Bo'
      })
      await stream.produce([record('A', 0), record('B', 0)])
      await committed(app, 2)

      assert.deepEqual(await merged(stream), ['{"id":0,"A":"nobody","B":"Bo"}'])
      const { lookups } = await app.inspect()
      assert.deepEqual(
        lookups!.map(({ table: name, rows, badRows }) => [name, rows, badRows]),
        [['names', 1, 3]],
      )
      assert.equal(
        told.reduce((sum, { rows }) => sum + rows, 0),
        3,
      )
      assert.deepEqual([told[0]!.table, told[0]!.topic, told[0]!.offset], ['names', topic, 2])
      assert.deepEqual(
        warnings
          .filter(([, sentence]) => sentence.includes('no row'))
          .map(([facts]) => (facts as { offset: number }).offset),
        [2],
      )
      await app.stop()
      assert.equal(warnings.filter(([facts]) => (facts as { records?: number }).records === 2).length, 1)
    })

    it('is read on where its topic is given partitions', async () => {
      const { stream, topic } = await streamWithNames()
      const names = namesIn(topic)
      const app = await start(namedCustomers(stream, names), { sourceRefreshMs: 50 })
      await app.caughtUp

      await grow(target, topic, 3)
      await stream.produce([row('A', '"Ann"', 2), row('B', '"Bob"', 1)], topic)
      await until('the table has it', () => {
        using rows = app.query()
        return rows.table(names).size === 2
      })
      await app.stop()
    })

    it('keeps what is cut off its topic until the next start, which does not find it', async () => {
      const { stream, topic } = await streamWithNames()
      const names = namesIn(topic)
      const program = namedCustomers(stream, names)
      await stream.produce([row('A', '"Ann"'), row('B', '"Bob"')], topic)
      const app = await start(program)
      await app.caughtUp
      await target.deleteRecords(topic, { 0: 1 })
      await stream.produce([record('A', 0), record('B', 0)])
      await committed(app, 2)
      await app.stop()

      await stream.produce([record('A', 1), record('B', 1)])
      await stream.run(program)

      assert.deepEqual(await merged(stream), ['{"id":0,"A":"Ann","B":"Bob"}', '{"id":1,"A":"nobody","B":"Bob"}'])
    })

    it('is taken over by a standby, warm or not, with what has come meanwhile, and so are pending parts', async () => {
      for (const standbyRefreshMs of [0, 10]) {
        const { stream, topic } = await streamWithNames()
        const names = namesIn(topic)
        const program = namedCustomers(stream, names)
        const settings = { standbyRefreshMs, heartbeatIntervalMs: 100 }
        await stream.produce([row('A', '"Ann"'), row('B', '"Bob"')], topic)
        await stream.produce([record('A', 0)])
        const first = await start(program, settings)
        await first.caughtUp
        const standby = await start(program, settings)
        await stream.produce([row('A', '"Ada"'), row('B', null)], topic)
        if (standbyRefreshMs > 0) {
          await until('the standby has read it', async () => (await standby.inspect()).lookups?.[0]?.rows === 1)
        }

        await first.stop()
        await standby.caughtUp
        await stream.produce([record('B', 0), record('A', 1), record('B', 1)])
        await committed(standby, 3)
        await standby.stop()

        assert.deepEqual(await merged(stream), ['{"id":0,"A":"Ann","B":"nobody"}', '{"id":1,"A":"Ada","B":"nobody"}'])
      }
    })

    it('ends the program with a named error where its topic is missing or deleted, or it has no room', async () => {
      const { stream, topic } = await streamWithNames()
      await assertRefused(namedCustomers(stream, namesIn(`${topic}.other`)), target.bootstrapServers, {
        code: 'KAFKA_TOPIC_MISSING',
      })
      await stream.produce(
        Array.from({ length: 100 }, (_, id) => row(`n-${id}`, '"x"')),
        topic,
      )
      const full = await start(namedCustomers(stream, namesIn(topic, 1_024)))
        .then(
          (app) => app.done,
          (error: unknown) => error,
        )
        .catch((error: unknown) => error)
      assertEndedBy(full, 'STATE_BYTES_EXCEEDED')

      const app = await start(namedCustomers(stream, namesIn(topic)))
      await app.caughtUp
      await target.deleteTopic(topic)
      const gone = await app.done.then(
        () => undefined,
        (error: unknown) => error,
      )
      assert.ok(
        ['KAFKA_TOPIC_MISSING', 'KAFKA_TOPIC_RECREATED'].includes((gone as { code: string }).code),
        String(gone),
      )
    })
  })

  describe('another version of a program with tables that topics fill', () => {
    it('may look up further ones and others, and is refused where pending parts are kept in the other way', async () => {
      const { stream, topic } = await streamWithNames()
      const upgradeTo = (program: Topology) =>
        planUpgrade({ bootstrapServers: target.bootstrapServers, topology: program })
      await stream.produce([record('A', 0)])
      await stream.run(namedCustomers(stream, namesIn(topic)))
      const moved = namedCustomers(stream, namesIn(stream.source))

      const { verdict, migrations } = await upgradeTo(moved)
      const without = await upgradeTo(customerTopology(stream))
      await stream.produce([record('B', 0)])
      await stream.run(moved)

      assert.equal(verdict, 'migrates')
      assert.deepEqual(migrations, [{ kind: 'lookupTable', table: 'names', topic: stream.source, pendingMax: 0 }])
      assert.match(without.refusal!.message, /its tables are given up, and 1 parts are pending as they were made/)
      assert.deepEqual(await merged(stream), ['{"id":0,"A":"nobody","B":"nobody"}'])
      assert.equal((await upgradeTo(moved)).verdict, 'same')
      assert.deepEqual((await upgradeTo(customerTopology(stream))).migrations, [
        { kind: 'removedLookupTable', table: 'names', topic: stream.source, pendingMax: 0 },
      ])
    })
  })
}

if (import.meta.main) onEachBroker([lookupTables])
