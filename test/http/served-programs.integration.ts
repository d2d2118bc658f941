import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { endTxn } from '../../src/protocol/index.ts'
import { audit } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertProved, committed, startQuietly } from '../integration/run.ts'
import { onEachBroker, type Stream, type Target } from '../integration/target.ts'
import { FaultProxy } from '../transactions/fault-proxy.ts'
import { until } from '../until.ts'
import { serveQuietly } from './serve-quietly.ts'

const invalidTxnState = 48

/** What a program that is served tells, and what it says while something is wrong. */
export function servedPrograms(target: Target): void {
  const start = (
    stream: Stream,
    settings: Parameters<typeof startQuietly>[2] = {},
    servers = target.bootstrapServers,
  ) => startQuietly(customerTopology(stream), servers, { heartbeatIntervalMs: 100, ...settings })

  /** One record of each kind that is no part, and a second one of a side. */
  const bad = [
    { value: 'no JSON' },
    { value: '{"stage":"Z","id":1}' },
    { value: '{"stage":"A","part":{}}' },
    record('A', 500),
    record('A', 500),
  ]

  describe('the metrics of a program', () => {
    it('are what its report says, by topic and partition, and by reason', async () => {
      const stream = await target.stream()
      await stream.produce([...customers(50), ...bad])
      await using app = await start(stream)
      await app.caughtUp
      await using server = await serveQuietly(app)

      const values = await server.metrics('millrace_source_records_total')
      const { accounting, mergedRecords, pendingRows, statistics } = app.report()

      for (const { partition, emitted, duplicate, deadLettered, skipped } of accounting) {
        const labels = `topic="${stream.source}",partition="${partition}",outcome=`
        const told = ['emitted', 'duplicate', 'dead_lettered', 'skipped'].map(
          (outcome) => values[`${labels}"${outcome}"`],
        )
        assert.deepEqual(told, [emitted, duplicate, deadLettered, skipped])
      }
      assert.deepEqual(await server.metrics('millrace_dead_letters_total'), {
        'reason="NOT_JSON"': 1,
        'reason="UNKNOWN_STAGE"': 1,
        'reason="KEY_MISSING"': 1,
        'reason="DUPLICATE"': 1,
      })
      assert.deepEqual(await server.metrics('millrace_merged_records_total'), { '': mergedRecords })
      const written = await server.metrics('millrace_sink_records_total')
      assert.equal(Object.entries(written).find(([labels]) => labels.includes(stream.sink))?.[1], mergedRecords)
      assert.deepEqual(await server.metrics('millrace_pending_rows'), { '': pendingRows })
      assert.deepEqual([mergedRecords, pendingRows], [50, 1])
      const { committed: epochs } = (await app.inspect()).epochs
      assert.equal(epochs, statistics.epochs)
      assert.deepEqual(await server.metrics('millrace_epoch_duration_seconds_count'), { '': epochs })
      assert.deepEqual(await server.metrics('millrace_epoch_commit_duration_seconds_count'), { '': epochs })
      assert.deepEqual(
        await until('the rows have been counted', async () => {
          const missing = await server.metrics('millrace_pending_missing')
          return Object.keys(missing).length > 0 && missing
        }),
        { 'missing="B"': 1 },
      )
    })

    it('have a lag in records and in time that is of now, while a function keeps its records', async () => {
      const stream = await target.stream()
      await stream.produce(customers(10))
      const isOpen = Promise.withResolvers<void>()
      let seen = 0
      const part = async (value: { part: unknown }) => {
        if (++seen > 10) await isOpen.promise
        return value.part
      }
      await using app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers)
      await app.caughtUp
      await using server = await serveQuietly(app)
      assert.deepEqual(Object.values(await server.metrics('millrace_source_lag')), [0, 0])

      await stream.produce(Array.from({ length: 30 }, (_, id) => record('A', 2 * id)))
      await until(
        'the lag is known',
        async () => (await server.metrics('millrace_source_lag'))[`topic="${stream.source}",partition="0"`] === 30,
      )
      const delays = await server.metrics('millrace_source_delay_seconds')
      // The records of tests are of 2026-09-21.
      assert.ok(delays[`topic="${stream.source}",partition="0"`]! > 86_400, JSON.stringify(delays))
      assert.equal(delays[`topic="${stream.source}",partition="1"`], 0)
      assert.match((await server.ask('/ready')).text, /^not ready: is \d+\.\d s behind: 30 records to go\n$/)
      isOpen.resolve()
      await committed(app, 50)

      await until('there is no lag', async () =>
        Object.values(await server.metrics('millrace_source_lag')).every((lag) => lag === 0),
      )
      assert.equal((await server.ask('/ready')).status, 200)
    })

    it('tell restarts by actor with their cause, and count the dead letters of an epoch that is repeated once', async () => {
      const stream = await target.stream()
      await using refuser = await startBroker()
      await using proxy = await FaultProxy.start(target.bootstrapServers, refuser)
      await using app = await start(stream, {}, proxy.bootstrapServers)
      await app.caughtUp
      await using server = await serveQuietly(app)
      assert.deepEqual(await server.metrics('millrace_dead_letters_total'), {})

      const befell = proxy.inject(endTxn, { refuse: invalidTxnState })
      await stream.produce([...customers(5), ...bad])
      await befell
      await committed(app, 15)

      const restarts = await server.metrics('millrace_actor_restarts_total')
      assert.equal(restarts[`actor="${stream.app}/${stream.source}"`], 1)
      const { actors, epochs } = await app.inspect()
      const sink = actors!.children[0]!.children[0]!
      assert.deepEqual([sink.name, sink.restarts], [stream.sink, 1])
      assert.match(sink.lastCause!, /^KafkaError: .* the coordinator has aborted the transaction/)
      assert.equal(epochs.rolledBack, 1)
      assert.deepEqual(Object.values(await server.metrics('millrace_dead_letters_total')), [1, 1, 1, 1])
    })
  })

  describe('the health of a program', () => {
    it('says while it starts without brokers that it lives and is not ready', async () => {
      const stream = await target.stream()
      await using proxy = await FaultProxy.start(target.bootstrapServers)
      await proxy.close()
      const starting = start(stream, {}, proxy.bootstrapServers)
      await using server = await serveQuietly(starting)

      assert.deepEqual([(await server.ask('/live')).status, (await server.ask('/metrics')).status], [200, 503])
      assert.match((await server.ask('/ready')).text, /^not ready: has been starting for \d+ s\n$/)
      await proxy.open()
      await using app = await starting
      await app.caughtUp

      await until('it is ready', async () => (await server.ask('/ready')).status === 200)
      await app.stop()
      const { status, text } = await server.ask('/live')
      assert.deepEqual([status, text], [503, 'not alive: has been stopped\n'])
      assert.deepEqual(Object.values(await server.metrics('millrace_role')), [0, 0, 0])
    })

    for (const [fault, begin, end, says] of [
      [
        'cannot be reached',
        (proxy: FaultProxy) => proxy.close(),
        (proxy: FaultProxy) => proxy.open(),
        /^not ready: waits for Kafka since \d{4}-.*: .*; KAFKA_CONNECTION_FAILED: /,
      ],
      [
        'do not answer',
        (proxy: FaultProxy) => proxy.freeze(),
        (proxy: FaultProxy) => proxy.thaw(),
        /^not ready: (brokers have not answered for [\d.]+ s|waits for Kafka since )/,
      ],
      [
        'are heard no more, but hear',
        (proxy: FaultProxy) => proxy.freeze('answers'),
        (proxy: FaultProxy) => proxy.thaw(),
        /^not ready: (brokers have not answered for [\d.]+ s|waits for Kafka since )/,
      ],
    ] as const) {
      it(`says why it is not ready while brokers ${fault}, and lives`, async () => {
        const stream = await target.stream()
        await using proxy = await FaultProxy.start(target.bootstrapServers)
        await stream.produce(customers(5))
        await using app = await start(stream, {}, proxy.bootstrapServers)
        await app.caughtUp
        await using server = await serveQuietly(app)
        assert.equal((await server.ask('/ready')).status, 200)

        await begin(proxy)
        const { text } = await until('it is not ready', async () => {
          const answer = await server.ask('/ready')
          return answer.status === 503 && answer
        })
        assert.match(text, says)
        assert.deepEqual(await server.metrics('millrace_ready'), { '': 0 })
        assert.equal((await server.ask('/live')).status, 200)
        await stream.produce([record('A', 5), record('B', 5)])
        await end(proxy)

        await until('it is ready', async () => (await server.ask('/ready')).status === 200)
        await committed(app, 12)
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(6))
        await assertProved(target, stream)
      })
    }

    it('says which topic is gone, and that the program has ended for it', async () => {
      for (const gone of ['source', 'sink', 'deadLetterTopic', 'checkpointTopic'] as const) {
        const stream = await target.stream()
        await stream.produce([...customers(2), { value: 'no JSON' }])
        const app = await start(stream)
        await app.caughtUp
        await using server = await serveQuietly(app)

        await target.deleteTopic(stream[gone])
        // What is fetched is missed at once, what is written when there is something to write.
        if (gone !== 'source') await stream.produce([record('A', 2), record('B', 2), { value: 'no JSON' }])

        await assert.rejects(app.done, { code: 'KAFKA_TOPIC_MISSING' })
        const [ready, live] = [await server.ask('/ready'), await server.ask('/live')]
        assert.equal(
          ready.text,
          `not ready: has ended: topic "${stream[gone]}" does not exist; create it, or correct its name\n`,
        )
        assert.deepEqual([ready.status, live.status], [503, 503])
        if (gone === 'sink' || gone === 'deadLetterTopic') await assertGoesOnInto(stream, stream[gone])
      }
    })

    /** Creates a topic again that a program writes to; an audit then says that it cannot see what was in it. */
    async function assertGoesOnInto(stream: Stream, topic: string): Promise<void> {
      await target.admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
      const app = await start(stream)
      await app.caughtUp
      await app.stop()
      assertAccount(app.report(), { emitted: 6, deadLettered: 2 })
      const { verdict, recreated } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.deepEqual([verdict, recreated], ['unproved', [topic]])
    }

    it('is good in a standby, whose role is told', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 1)])
      await using active = await start(stream)
      await using standby = await start(stream, { standbyRefreshMs: 50 })
      await active.caughtUp
      await using server = await serveQuietly(standby)

      await until('its table is told of', async () => (await server.get('/ready')).includes('its table is '))
      assert.equal((await server.metrics('millrace_role'))['role="standby"'], 1)
      assert.ok((await server.metrics('millrace_standby_age_seconds'))['']! >= 0)
    })
  })

  describe('the questions that a program is asked over HTTP', () => {
    it('are answered about a key, about dead letters without what is in them, and by an audit', async () => {
      const stream = await target.stream()
      await stream.produce([...customers(3), ...bad, record('A', 7)])
      await using app = await start(stream)
      await app.caughtUp
      await using server = await serveQuietly(app)

      const { pending } = JSON.parse(await server.get('/api/explain?key=7'))
      assert.deepEqual(pending.missing, ['B'])
      const letters = JSON.parse(await server.get('/api/dead-letters?reason=NOT_JSON'))
      assert.equal(letters.length, 1)
      assert.deepEqual([letters[0].topic, letters[0].valueBytes], [stream.source, 7])
      assert.equal(JSON.stringify(letters).includes('no JSON'), false)
      const audit = await server.ask('/api/audit', { method: 'POST', headers: { 'x-millrace': '1' } })
      assert.deepEqual([audit.status, JSON.parse(audit.text).verdict], [200, 'proved'])
    })

    it('show payloads and causes where that is switched on', async () => {
      const stream = await target.stream()
      await stream.produce([{ value: '<img src=x onerror=alert(1)>', key: 'k' }])
      await using app = await start(stream)
      await app.caughtUp
      await using server = await serveQuietly(app, { httpPayloads: true })

      const [letter] = JSON.parse(await server.get('/api/dead-letters'))

      assert.deepEqual([letter.value, letter.key, letter.reason], ['<img src=x onerror=alert(1)>', 'k', 'NOT_JSON'])
      assert.notEqual(letter.cause, '')
    })

    it('are refused where they make no sense', async () => {
      const stream = await target.stream()
      await using app = await start(stream)
      await using server = await serveQuietly(app)

      for (const [path, status] of [
        ['/api/explain', 400],
        ['/api/dead-letters?limit=0', 400],
        ['/api/dead-letters?limit=many', 400],
        ['/api/audit', 405],
        ['/nothing', 404],
        ['/__proto__', 404],
        ['/api/', 404],
      ] as const) {
        assert.equal((await server.ask(path)).status, status, path)
      }
      assert.equal((await server.ask('/metrics', { method: 'POST', headers: { 'x-millrace': '1' } })).status, 405)
    })
  })
}

if (import.meta.main) onEachBroker([servedPrograms])
