import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { audit, field, stage, type Topology, topology } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { assertAccount, runToEnd, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

/** Ten times what the smallest table has room for. */
const keys = 200
const filling = 'x'.repeat(50_000)
const pendingBytesMax = 1 << 20
const partitions = 2
/** A request of the producer takes a megabyte. */
const recordsPerSend = 15
const noon = 1_790_000_000_000

function first(id: number): SourceRecord {
  const value = `{"stage":"A","id":${id},"part":"${filling}"}`
  return { value, partition: id % partitions, timestampMs: noon + id }
}

function second(id: number): SourceRecord {
  return { value: `{"stage":"B","id":${id},"part":${id}}`, partition: id % partitions, timestampMs: noon + id }
}

/** Three times what it has room for. */
const promotedKeys = 60

function ids(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id)
}

function mergesOf(count: number): string[] {
  return ids(count)
    .map((id) => `{"id":${id},"A":"${filling}","B":${id}}`)
    .sort()
}

function promoting({ app, source, sink }: Stream): Topology {
  const part = field('part')
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'], whenFull: 'promote' })
    .sink(sink)
}

/** Ten times as many pending parts as the table has room for. */
export function coldParts(target: Target): void {
  async function produce(stream: Stream, records: readonly SourceRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += recordsPerSend) {
      await stream.produce(records.slice(at, at + recordsPerSend))
    }
  }

  async function assertProved({ app }: Stream): Promise<void> {
    assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app })).verdict, 'proved')
  }

  describe('pending parts that are not in memory', () => {
    it('come back from the source when a part of their row comes', async () => {
      const stream = await target.stream({ sourcePartitions: partitions })
      const app = await startQuietly(promoting(stream), target.bootstrapServers, { pendingBytesMax })
      await produce(stream, ids(keys).map(first))
      await until('all are pending', () => app.report().pendingRows === keys)
      assert.ok(app.report().coldParts > 0.8 * keys)
      assert.ok(app.report().pendingBytes <= pendingBytesMax)
      await assertProved(stream)
      const [oldest] = (await app.pending('by-id', 0))!.parts
      assert.deepEqual([oldest!.offset, oldest!.value], [0, filling])

      await produce(stream, ids(keys).map(second))
      await until('none is pending', () =>
        app.report().accounting.every(({ consumed, pending }) => consumed === keys && pending === 0),
      )
      await app.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(keys))
      assert.equal(app.report().coldParts, 0)
      assertAccount(app.report(), { emitted: 2 * keys })
      await assertProved(stream)
    })

    it('come back from the checkpoint after a start where the source does not have them', async () => {
      const stream = await target.stream({ sourcePartitions: partitions })
      const settings = { pendingBytesMax, replayRecordsMax: 1 }
      await produce(stream, ids(promotedKeys).map(first))
      const app = await startQuietly(promoting(stream), target.bootstrapServers, settings)
      // One behind in each partition: all but the last ones are promoted.
      await until('all are promoted', async () => (await promotedIn(stream)) >= promotedKeys - partitions)
      await app.stop()
      const lasts = Object.fromEntries(
        Array.from({ length: partitions }, (_, each) => [each, promotedKeys / partitions - 1]),
      )
      await target.deleteRecords(stream.source, lasts)

      await produce(stream, ids(promotedKeys).map(second))
      const { report, error } = await runToEnd(promoting(stream), target.bootstrapServers, settings)

      assert.equal(error, undefined)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(promotedKeys))
      assertAccount(report, { emitted: 2 * promotedKeys })
      await assertProved(stream)
    })
  })
}

async function promotedIn(stream: Stream): Promise<number> {
  const records = await stream.read(stream.checkpointTopic)
  return new Set(records.map(({ key }) => key).filter((key) => key?.startsWith('part/'))).size
}

if (import.meta.main) onEachBroker([coldParts])
