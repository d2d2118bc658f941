import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { text, number } from '../../src/state/index.ts'
import {
  audit,
  explain,
  field,
  planUpgrade,
  type ProgramTable,
  redrive,
  stage,
  table,
  type Topology,
  topology,
} from '../../src/streams/index.ts'
import { type CustomerRecord, customerTopology, record, valuesOf } from './customers.ts'
import { assertRefused, committed, startQuietly } from './run.ts'
import { until } from '../until.ts'
import { onEachBroker, produce, type Stream, type Target } from './target.ts'

const perSide = table('per-side', { key: text, value: number })
const other = table('other', { key: text, value: number })

/** Customers whose parts are numbered by their side. */
function numberedCustomers(
  { app, source, sink }: Stream,
  tables: readonly ProgramTable[] = [perSide],
  onCounted: (customer: CustomerRecord) => void = () => {},
): Topology {
  const part = stage<CustomerRecord, number>({
    part(customer, view) {
      const { stage: side } = customer
      if (tables.length === 0) return 0
      const counts = view.table(tables[0] as typeof perSide)
      const count = (counts.get(side) ?? 0) + 1
      counts.set(side, count)
      onCounted(customer)
      return count
    },
  })
  return topology(app)
    .tables(...tables)
    .source(source)
    .route('by-stage', field('stage'), { A: part, B: part })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

export function tablesOfPrograms(target: Target): void {
  const upgradeTo = (program: Topology) => planUpgrade({ bootstrapServers: target.bootstrapServers, topology: program })

  describe('a program with tables', () => {
    it('goes on with its rows and with what it has pending, which audit and explain find', async () => {
      const stream = await target.stream()
      const { app } = stream
      const { bootstrapServers } = target
      await stream.produce([record('A', 0), record('A', 2), record('A', 4), record('B', 4)])
      await stream.run(numberedCustomers(stream))

      const { verdict, tables } = await audit({ bootstrapServers, app })
      const { pending } = await explain({ bootstrapServers, app, key: '2' })
      await stream.produce([record('B', 2), record('B', 0)])
      await stream.run(numberedCustomers(stream))

      assert.equal(verdict, 'proved')
      assert.deepEqual(tables, [{ name: 'per-side', rows: 2, found: 2, isWhole: true }])
      assert.deepEqual(
        pending?.parts.map(({ side, offset }) => [side, offset]),
        [['A', 1]],
      )
      assert.deepEqual(valuesOf(await stream.merged()), [
        '{"id":0,"A":1,"B":3}',
        '{"id":2,"A":2,"B":2}',
        '{"id":4,"A":3,"B":1}',
      ])
      assert.equal((await audit({ bootstrapServers, app })).verdict, 'proved')
      await using active = await startQuietly(numberedCustomers(stream), bootstrapServers)
      await active.caughtUp
      using rows = active.query()
      assert.deepEqual(
        new Map(rows.table(perSide)),
        new Map([
          ['A', 3],
          ['B', 3],
        ]),
      )
      await using standby = await startQuietly(numberedCustomers(stream), bootstrapServers)
      assert.equal(standby.role, 'standby')
      assert.throws(() => standby.query(), { code: 'TABLES_ABSENT' })
    })

    it('is refused where a row is another one than its epoch has left, and the audit says so', async () => {
      const stream = await target.stream()
      const { app, checkpointTopic } = stream
      const { bootstrapServers } = target
      await stream.produce([record('A', 0)])
      await stream.run(numberedCustomers(stream))
      const records = await stream.read(checkpointTopic)
      const manifest = records.findLast(({ key }) => key === 'manifest')!.value!
      const changed = Buffer.from(records.find(({ key }) => key === 'table/per-side/A')!.valueBytes!)
      changed[7]! ^= 1
      await produce(target.kafka, checkpointTopic, [
        { key: 'table/per-side/A', value: changed },
        { key: 'manifest', value: manifest },
      ])

      const { verdict, tables } = await audit({ bootstrapServers, app })

      assert.equal(verdict, 'wrong')
      assert.deepEqual(tables, [{ name: 'per-side', rows: 1, found: 1, isWhole: false }])
      await assertRefused(numberedCustomers(stream), bootstrapServers, { code: 'CHECKPOINT_CORRUPT' })
    })
  })

  describe('a standby of a program with tables', () => {
    const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

    it('takes over with their rows and with what is pending, warm or not, and counts on', async () => {
      for (const standbyRefreshMs of [0, 10]) {
        const stream = await target.stream({ sourcePartitions: 1 })
        const { bootstrapServers } = target
        const program = numberedCustomers(stream)
        const settings = { standbyRefreshMs, heartbeatIntervalMs: 100 }
        const give = (side: string, all: readonly number[]) =>
          stream.produce(all.map((id) => ({ ...record(side, id), partition: 0 })))
        await give('A', ids(0, 300))
        const first = await startQuietly(program, bootstrapServers, settings)
        await first.caughtUp
        const standby = await startQuietly(program, bootstrapServers, settings)
        if (standbyRefreshMs > 0) {
          await until('the standby holds what is pending', () => standby.report().pendingRows === 300)
        }
        await give('B', ids(0, 100))
        await give('A', ids(300, 320))
        await committed(first, 420)
        if (standbyRefreshMs > 0) {
          await until('the standby holds what is pending', () => standby.report().pendingRows === 220)
        }

        await first.stop()
        await standby.caughtUp
        await give('B', ids(100, 320))
        await give('A', [320])
        await committed(standby, 221)

        using rows = standby.query()
        assert.deepEqual(
          new Map(rows.table(perSide)),
          new Map([
            ['A', 321],
            ['B', 320],
          ]),
        )
        await standby.stop()
        assert.deepEqual(
          valuesOf(await stream.merged()),
          ids(0, 320)
            .map((id) => `{"id":${id},"A":${id + 1},"B":${id + 1}}`)
            .sort(),
        )
        assert.equal((await audit({ bootstrapServers, app: stream.app })).verdict, 'proved')
      }
    })
  })

  describe('dead letters of a program with tables', () => {
    it('are redriven as records that come now: counted once, and kept as they were made then', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const { app } = stream
      const { bootstrapServers } = target
      let isMended = false
      const failing = numberedCustomers(stream, [perSide], ({ id }) => {
        if (id === 1 && !isMended) throw new Error('not yet')
      })
      await stream.produce([record('A', 0), record('A', 2), { ...record('A', 1), partition: 0 }])
      await stream.produce([{ ...record('A', 3), partition: 0 }])
      await stream.run(failing)
      isMended = true

      const { redriven } = await redrive({ bootstrapServers, app })
      const { pending } = (await stream.run(failing)).report.accounting.reduce(
        (sum, each) => ({ pending: sum.pending + each.pending }),
        { pending: 0 },
      )
      // Each of them is kept as it was made, and counted no more.
      await stream.produce([0, 1, 2, 3].map((id) => ({ ...record('B', id), partition: 0 })))
      await stream.run(failing)

      assert.deepEqual([redriven, pending], [1, 4])
      assert.deepEqual(valuesOf(await stream.merged()), [
        '{"id":0,"A":1,"B":1}',
        '{"id":1,"A":4,"B":2}',
        '{"id":2,"A":2,"B":3}',
        '{"id":3,"A":3,"B":4}',
      ])
      const { verdict, tables } = await audit({ bootstrapServers, app })
      assert.equal(verdict, 'proved')
      assert.deepEqual(tables, [{ name: 'per-side', rows: 2, found: 2, isWhole: true }])
    })
  })

  describe('another version of a program with tables', () => {
    it('begins further ones empty and deletes those that it has no more, and the plan says so before', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0)])
      await stream.run(numberedCustomers(stream, [perSide]))
      const next = numberedCustomers(stream, [other])

      const { verdict, migrations } = await upgradeTo(next)
      await stream.produce([record('B', 0)])
      await stream.run(next)

      assert.equal(verdict, 'migrates')
      assert.deepEqual(migrations, [
        { kind: 'table', table: 'other', pendingMax: 0 },
        { kind: 'removedTable', table: 'per-side', rows: 1, pendingMax: 0 },
      ])
      assert.deepEqual(valuesOf(await stream.merged()), ['{"id":0,"A":1,"B":1}'])
      assert.equal((await upgradeTo(next)).verdict, 'same')
      const { tables } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.deepEqual(tables, [{ name: 'other', rows: 1, found: 1, isWhole: true }])
    })

    it('is refused where rows would be something else, or pending parts are kept in the other way', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0)])
      await stream.run(numberedCustomers(stream, [perSide]))
      const without = await target.stream()
      await without.produce([record('A', 0)])
      await without.run(customerTopology(without))

      const refusals = [
        [numberedCustomers(stream, [table('per-side', { key: text, value: text }) as never]), /was of text keys/],
        [numberedCustomers(stream, []), /its tables are given up, and 1 parts are pending as they were made/],
        [numberedCustomers(without), /tables are its first ones, and 1 parts are pending by reference/],
      ] as const
      for (const [program, message] of refusals) {
        const { verdict, refusal } = await upgradeTo(program)
        assert.equal(verdict, 'refused')
        assert.match(refusal!.message, message)
        await assertRefused(program, target.bootstrapServers, { code: 'CHECKPOINT_INCOMPATIBLE', message })
      }
    })
  })
}

if (import.meta.main) onEachBroker([tablesOfPrograms])
