import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type App, audit, explain } from '../../src/streams/index.ts'
import { commitOffsets } from './commit-offsets.ts'
import {
  type Correlation,
  type CustomerRecord,
  customerTopology,
  mergesOf,
  record,
  saysOf,
  valuesOf,
} from './customers.ts'
import { grow as growTopic } from './grow.ts'
import { assertAccount, assertEndedBy, committed, type RunSettings, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

const minute = 60_000
const noon = 1_790_000_000_000
/** Of a source of two, that gets two more. */
const grown = 4
const added = 3
const looking: RunSettings = { sourceRefreshMs: 20 }

/** Records of a side, all in one partition. */
function inPartition(partition: number, side: string, count: number): SourceRecord[] {
  return Array.from({ length: count }, (_, id) => ({ ...record(side, id), partition }))
}

export function growth(target: Target): void {
  const grow = ({ source }: Stream, count = grown) => growTopic(target, source, count)

  const startOf = (stream: Stream, settings: RunSettings = looking, correlation: Correlation = {}): Promise<App> =>
    startQuietly(customerTopology(stream, undefined, correlation), target.bootstrapServers, settings)

  /**
   * Ten parts of side A wait; the source grows, and ten of side B are in a new partition, of which the first five are
   * removed.
   */
  async function growAndLose(stream: Stream): Promise<void> {
    await grow(stream)
    await stream.produce(inPartition(added, 'B', 10))
    await target.deleteRecords(stream.source, { [added]: 5 })
  }

  async function assertProved({ app }: Stream): Promise<void> {
    const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app })
    assert.equal(verdict, 'proved')
  }

  describe('a source that is given partitions', () => {
    it('is read there from offset 0 while a program runs, whatever is in the others, time after time', async () => {
      const stream = await target.stream()
      await stream.produce(inPartition(0, 'A', 30))
      const app = await startOf(stream)
      await app.caughtUp

      await grow(stream, 3)
      await stream.produce(inPartition(2, 'B', 10))
      await committed(app, 40)
      await grow(stream)
      await stream.produce([...inPartition(added, 'B', 20).slice(10), ...inPartition(2, 'A', 31).slice(30)])
      await committed(app, 51)
      const explained = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '30' })
      await app.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20))
      assertAccount(app.report(), { emitted: 40, pending: 11 })
      assert.equal(app.report().accounting.length, grown)
      const parts = explained.pending?.parts.map(({ partition, offset, side }) => [partition, offset, side])
      assert.deepEqual(parts, [[2, 10, 'A']])
      await assertProved(stream)
      await stream.produce(inPartition(added, 'B', 31).slice(20))
      const { report } = await stream.run(customerTopology(stream))
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(31))
      assertAccount(report, { emitted: 62 })
      await assertProved(stream)
    })

    it('is read there from offset 0 by a program that did not run meanwhile', async () => {
      const stream = await target.stream()
      await stream.produce(inPartition(0, 'A', 10))
      await stream.run(customerTopology(stream))

      await grow(stream)
      await stream.produce(inPartition(added, 'B', 10))
      await assertProved(stream)
      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
      assertAccount(report, { emitted: 20 })
      await assertProved(stream)
    })

    it('ends a start where retention has removed unread records there, until the loss is accepted', async () => {
      const stream = await target.stream()
      await stream.produce(inPartition(0, 'A', 10))
      await stream.run(customerTopology(stream))
      await growAndLose(stream)

      await assert.rejects(startOf(stream), {
        code: 'KAFKA_OFFSET_LOST',
        details: { topic: stream.source, partition: added, offset: 0, logStart: 5 },
      })
      const { report } = await stream.run(customerTopology(stream), { acceptLoss: true })

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10, [0, 1, 2, 3, 4]))
      assertAccount(report, { emitted: 10, pending: 5, lost: 5 })
      await assertProved(stream)
    })

    it('ends a program that runs where retention has removed unread records there', async () => {
      const stream = await target.stream()
      await stream.produce(inPartition(0, 'A', 10))
      const called = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      const part = async (value: CustomerRecord) => {
        called.resolve()
        await gate.promise
        return value.part
      }
      const app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers, looking)

      // The new partitions are not read before all that is on its way has committed.
      await called.promise
      await growAndLose(stream)
      gate.resolve()

      assertEndedBy(await app.done.catch((error: unknown) => error), 'KAFKA_OFFSET_LOST')
      assertAccount(app.report(), { pending: 10 })
    })

    it('is read from where its log begins by a program that has committed nothing', async () => {
      const stream = await target.stream()
      await growAndLose(stream)

      const { report } = await stream.run(customerTopology(stream))

      assertAccount(report, { pending: 5 })
      await assertProved(stream)
    })

    it('is not read on from an offset that somebody has committed there', async () => {
      const stream = await target.stream()
      await stream.produce(inPartition(0, 'A', 10))
      await stream.run(customerTopology(stream))
      await grow(stream)
      await stream.produce(inPartition(added, 'B', 10))
      await commitOffsets(target, stream.app, stream.source, [10, 0, 0, 5])

      await assert.rejects(startOf(stream), {
        code: 'GROUP_OFFSETS_DIFFER',
        details: { app: stream.app, topic: stream.source, partition: added, committed: 5, checkpoint: 0 },
      })
    })

    it('holds event time back until it is read, and no longer', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const at = (minutes: number, side: string, id: number, partition: number): SourceRecord => ({
        ...record(side, id),
        partition,
        timestampMs: noon + minutes * minute,
      })
      const expiring = { expireAfterMs: 10 * minute }
      await stream.produce([at(0, 'A', 0, 0), at(0, 'A', 1, 0)])
      const app = await startOf(stream, looking, expiring)
      await app.caughtUp

      await grow(stream, 2)
      await stream.produce([at(1, 'B', 0, 1)])
      await committed(app, 3)
      await stream.produce([at(60, 'A', 2, 0)])
      await committed(app, 4)
      await app.stop()
      assertAccount(app.report(), { emitted: 2, expired: 1, pending: 1 })
      // A row expires by the one record, but not before the other is read, which completes it.
      await grow(stream, 3)
      await stream.produce([at(120, 'A', 3, 0), at(61, 'B', 2, 2)])
      const { report } = await stream.run(customerTopology(stream, undefined, expiring))

      assertAccount(report, { emitted: 4, expired: 1, pending: 1 })
      await assertProved(stream)
    })

    it('has its dead letters in the partitions that their topic has, each with its true place', async () => {
      const stream = await target.stream()
      const app = await startOf(stream)
      await app.caughtUp

      await grow(stream)
      await stream.produce([{ value: '{', partition: added }])
      await committed(app, 1)
      await app.stop()

      const [letter] = await stream.deadLetters()
      assert.equal(letter!.partition, added % 2)
      assert.deepEqual([saysOf(letter!).partition, saysOf(letter!).offset], [String(added), '0'])
      assertAccount(app.report(), { deadLettered: 1 })
      await assertProved(stream)
    })

    it('has its parts promoted there too', async () => {
      const stream = await target.stream()
      const app = await startOf(stream, { ...looking, replayRecordsMax: 5 })
      await app.caughtUp

      await grow(stream)
      await stream.produce(inPartition(added, 'A', 20))
      await committed(app, 20)
      await until('the part is in the checkpoint topic', async () => (await keys()).includes(`part/${added}/0`))
      await app.stop()
      await target.deleteRecords(stream.source, { [added]: 10 })
      await stream.produce(inPartition(1, 'B', 20))
      const { report, error } = await stream.run(customerTopology(stream))

      assert.equal(error, undefined)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20))
      assertAccount(report, { emitted: 40 })

      async function keys(): Promise<(string | null)[]> {
        return (await stream.read(stream.checkpointTopic)).map(({ key }) => key)
      }
    })

    for (const [kind, settings] of [
      ['a standby', {}],
      ['a standby with a table', { standbyRefreshMs: 10 }],
    ] as const) {
      it(`is taken over by ${kind} that has stood by since before`, async () => {
        const stream = await target.stream()
        await stream.produce(inPartition(0, 'A', 30))
        const first = await startOf(stream, looking)
        await first.caughtUp
        const standby = await startOf(stream, { ...settings, heartbeatIntervalMs: 100 })
        assert.equal(standby.role, 'standby')

        await grow(stream)
        await stream.produce([...inPartition(added, 'B', 10), ...inPartition(added, 'A', 40).slice(30)])
        await committed(first, 50)
        if ('standbyRefreshMs' in settings)
          await until('the table of the standby has the rows', () => standby.report().pendingRows === 30)
        await first.stop()
        await stream.produce(inPartition(added - 1, 'B', 40).slice(10))
        await committed(standby, 30)
        await standby.stop()

        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(40))
        assertAccount(standby.report(), { emitted: 80 })
        await assertProved(stream)
      })
    }

    it('is taken over by a standby before the active process has read it, and is caught up with once it is read', async () => {
      const stream = await target.stream()
      await stream.produce(inPartition(0, 'A', 10))
      const first = await startOf(stream, { sourceRefreshMs: 3_600_000 })
      await first.caughtUp
      const standby = await startOf(stream, { standbyRefreshMs: 10, heartbeatIntervalMs: 100 })

      await grow(stream)
      await stream.produce(inPartition(added, 'B', 10))
      await first.stop()
      await standby.caughtUp
      await standby.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
      assertAccount(standby.report(), { emitted: 20 })
    })
  })
}

if (import.meta.main) onEachBroker([growth])
