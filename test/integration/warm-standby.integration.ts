import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type App, audit, field, stage, topology } from '../../src/streams/index.ts'
import {
  type Correlation,
  type CustomerRecord,
  customerTopology,
  mergesOf,
  record,
  saysOf,
  valuesOf,
} from './customers.ts'
import { assertAccount, committed, type RunSettings, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

const refreshing: RunSettings = { standbyRefreshMs: 10, heartbeatIntervalMs: 100 }

export function warmStandbys(target: Target): void {
  /** A standby, and how often the function of its side A was asked. */
  async function standBy(stream: Stream, settings: RunSettings = {}, correlation: Correlation = {}) {
    let asked = 0
    const part = ({ part: made }: CustomerRecord) => {
      asked++
      return made
    }
    const program = customerTopology(stream, { part }, correlation)
    const app = await startQuietly(program, target.bootstrapServers, { ...refreshing, ...settings })
    assert.equal(app.role, 'standby')
    return { app, asked: () => asked }
  }

  /** Resolves when the table of a standby holds so many rows. */
  async function holds(app: App, rows: number): Promise<void> {
    await until('the table holds so many rows', () => app.report().pendingRows === rows)
  }

  /** The same program, active; its side A by a function too, whose parts are of the same bytes. */
  function active(stream: Stream, correlation: Correlation = {}): Promise<App> {
    const part = ({ part: made }: CustomerRecord) => made
    return startQuietly(customerTopology(stream, { part }, correlation), target.bootstrapServers)
  }

  async function assertProved(stream: Stream): Promise<void> {
    const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
    assert.equal(verdict, 'proved')
  }

  const records = (side: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => record(side, from + i))

  describe('a standby with a table', () => {
    it('reads each pending part once, follows the active process, and goes on with what it holds', async () => {
      const stream = await target.stream()
      await stream.produce(records('A', 0, 500))
      const first = await active(stream)
      await first.caughtUp
      const { app, asked } = await standBy(stream)
      await holds(app, 500)
      await stream.produce([...records('B', 0, 250), ...records('A', 500, 600)])
      await committed(first, 850)
      await holds(app, 350)

      await first.stop()
      await app.caughtUp
      await stream.produce(records('B', 250, 600))
      await committed(app, 350)
      assert.equal(app.role, 'active')
      await app.stop()

      assert.equal(asked(), 600)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(600))
      assertAccount(app.report(), { emitted: 1_200 })
      await assertProved(stream)
    })

    it('knows the keys that were completed before and while it stood by', async () => {
      const stream = await target.stream()
      const remembering: Correlation = { rememberCompleted: { forMs: 600_000 } }
      await stream.produce([...records('A', 0, 20), ...records('B', 0, 5)])
      const first = await active(stream, remembering)
      await first.caughtUp
      const { app } = await standBy(stream, {}, remembering)
      await holds(app, 15)
      await stream.produce(records('B', 5, 10))
      await committed(first, 30)
      await holds(app, 10)

      await first.stop()
      await stream.produce([...records('A', 0, 10), ...records('B', 10, 20)])
      await app.caughtUp
      await committed(app, 20)
      await app.stop()

      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map((letter) => saysOf(letter).reason),
        letters.map(() => 'COMPLETED'),
      )
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20))
      assertAccount(app.report(), { emitted: 40, duplicate: 10 })
      await assertProved(stream)
    })

    it('follows parts that later ones have superseded in rows that stay', async () => {
      const stream = await target.stream()
      const part = stage({ part: field('part') })
      const program = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), { A: part, B: part, C: part })
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], latest: ['A'] })
        .sink(stream.sink)
      const later = (id: number) => ({ value: `{"stage":"A","id":${id},"part":"later"}`, partition: id % 2 })
      const warnings: unknown[] = []
      await stream.produce([...records('A', 0, 20), ...records('B', 0, 20)])
      const first = await startQuietly(program, target.bootstrapServers)
      await first.caughtUp
      const standby = await startQuietly(program, target.bootstrapServers, {
        ...refreshing,
        onWarning: (...said) => warnings.push(said),
      })
      await holds(standby, 20)
      await stream.produce([later(3), later(4), record('A', 20)])
      await committed(first, 43)
      await holds(standby, 21)

      await first.stop()
      await standby.caughtUp
      await stream.produce(records('C', 0, 20))
      await committed(standby, 20)
      await standby.stop()

      const merges = Array.from({ length: 20 }, (_, id) => {
        const partA = id === 3 || id === 4 ? '"later"' : `{"of":"A${id}"}`
        return `{"id":${id},"A":${partA},"B":{"of":"B${id}"},"C":{"of":"C${id}"}}`
      })
      assert.deepEqual(warnings, [])
      assert.deepEqual(valuesOf(await stream.merged()), merges.sort())
      assertAccount(standby.report(), { emitted: 60, superseded: 2, pending: 1 })
      await assertProved(stream)
    })

    it('goes on without it where the source has lost parts that it holds, and the loss is accepted', async () => {
      const stream = await target.stream()
      await stream.produce(records('A', 0, 20))
      const first = await active(stream)
      await first.caughtUp
      const { app } = await standBy(stream, { acceptLoss: true })
      await holds(app, 20)
      await target.deleteRecords(stream.source, [3, 5])

      await first.stop()
      await app.caughtUp
      await stream.produce(records('B', 0, 20))
      await committed(app, 20)
      await app.stop()

      const lost = [0, 2, 4, 1, 3, 5, 7, 9]
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20, lost))
      assertAccount(app.report(), { emitted: 2 * (20 - lost.length), pending: lost.length, lost: lost.length })
    })

    it('goes on without it where another process has accepted a loss since', async () => {
      const stream = await target.stream()
      const program = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), {
          A: stage({ part: field('part') }),
          B: stage({ part: field('part') }),
          C: stage({ part: field('part') }),
        })
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] })
        .sink(stream.sink)
      const run = (settings: RunSettings) =>
        startQuietly(program, target.bootstrapServers, { heartbeatIntervalMs: 100, ...settings })
      await stream.produce(
        [...records('A', 0, 10), ...records('B', 0, 10)].map((all, i) => ({ ...all, partition: Number(i > 9) })),
      )
      const first = await run({})
      await first.caughtUp
      const second = await run({ acceptLoss: true })
      // Looks once, and then not for an hour.
      const third = await run({ standbyRefreshMs: 3_600_000 })
      await holds(third, 10)
      await target.deleteRecords(stream.source, { 0: 5 })

      await first.stop()
      await second.caughtUp
      await second.stop()
      await stream.produce(records('C', 0, 10))
      await third.caughtUp
      await committed(third, 10)
      await third.stop()

      assertAccount(third.report(), { emitted: 15, pending: 10, lost: 5 })
      assert.equal((await stream.merged()).length, 5)
    })

    it('does not wait for a transaction that is open, as a process that has died leaves one', async () => {
      const stream = await target.stream()
      await stream.produce(records('A', 0, 20))
      const first = await active(stream)
      await first.caughtUp
      const producer = target.kafka.producer({ transactionalId: `${stream.app}-other`, transactionTimeout: 300_000 })
      await producer.connect()
      const transaction = await producer.transaction()
      await transaction.send({ topic: stream.checkpointTopic, messages: [{ key: 'other', value: '' }] })

      const { app } = await standBy(stream)
      await holds(app, 20)

      await transaction.abort()
      await producer.disconnect()
      await app.stop()
      await first.stop()
    })

    it('stops at once, also while a function keeps it from its table', async () => {
      const stream = await target.stream()
      await stream.produce(records('A', 0, 2))
      const first = await active(stream)
      await first.caughtUp
      const called = Promise.withResolvers<void>()
      const part = () => {
        called.resolve()
        return new Promise<never>(() => {})
      }
      const app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers, refreshing)
      await called.promise

      await app.stop()

      await first.stop()
    })
  })
}

if (import.meta.main) onEachBroker([warmStandbys])
