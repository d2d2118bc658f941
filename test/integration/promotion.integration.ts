import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { explain } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount, runToEnd, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

const pendingCount = 20
const total = 200

/** Parts that are pending for long are promoted. */
export function promotion(target: Target): void {
  /** Side A of some customers waits while others pass. */
  async function runBehind(stream: Stream, settings: { replayRecordsMax?: number }, timestampMs = systemClock.nowMs()) {
    const pending = Array.from({ length: pendingCount }, (_, id) => record('A', id))
    const others = customers(total).slice(2 * pendingCount)
    await stream.produce([...pending, ...others].map((each) => ({ ...each, timestampMs })))
    await runUntilPromoted(stream, settings)
  }

  async function runUntilPromoted(stream: Stream, settings: { replayRecordsMax?: number }): Promise<void> {
    const app = await startQuietly(customerTopology(stream), target.bootstrapServers, settings)
    await app.caughtUp
    await until('all parts are in the checkpoint topic', async () => (await partsIn(stream)).length >= pendingCount)
    await app.stop()
  }

  /** The promoted parts in the checkpoint topic, by their keys. */
  async function partsIn(stream: Stream): Promise<string[]> {
    const parts = new Set<string>()
    for (const { key, value } of await stream.read(stream.checkpointTopic)) {
      if (key?.startsWith('part/') !== true) continue
      if (value === null) parts.delete(key)
      else parts.add(key)
    }
    return [...parts]
  }

  async function emptySource({ source }: Stream): Promise<void> {
    const ends = await target.admin.fetchTopicOffsets(source)
    await target.deleteRecords(source, Object.fromEntries(ends.map(({ partition, high }) => [partition, Number(high)])))
  }

  async function assertExplained({ app, source }: Stream, id: number): Promise<void> {
    const { pending } = await explain({ bootstrapServers: target.bootstrapServers, app, key: String(id) })
    assert.deepEqual(pending?.missing, ['B'])
    assert.deepEqual(
      pending.parts.map(({ topic, partition, offset, side }) => [topic, partition, offset, side]),
      [[source, id % 2, Math.floor(id / 2), 'A']],
    )
  }

  async function complete(stream: Stream): Promise<void> {
    await stream.produce(Array.from({ length: pendingCount }, (_, id) => record('B', id)))
    const { report, error } = await runToEnd(customerTopology(stream), target.bootstrapServers)
    assert.equal(error, undefined)
    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(total))
    assertAccount(report, { emitted: 2 * total })
  }

  describe('parts that have waited for long', () => {
    it('are not needed in the source any more once they are further behind than is read again', async () => {
      const stream = await target.stream()
      await runBehind(stream, { replayRecordsMax: 50 })

      await emptySource(stream)
      await assertExplained(stream, 7)
      await complete(stream)

      // They have left, and the topic forgets them.
      await stream.produce(customers(1).map((each) => ({ ...each, value: String(each.value).replace('0', '-1') })))
      await runToEnd(customerTopology(stream), target.bootstrapServers)
      assert.deepEqual(await partsIn(stream), [])
    })

    it('are promoted before the source may drop them for their age', async () => {
      const stream = await target.stream()
      await target.setConfigs(stream.source, { 'retention.ms': '3600000' })

      await runBehind(stream, {}, systemClock.nowMs() - 2_000_000)

      await emptySource(stream)
      await complete(stream)
    })

    it('are promoted before the source may drop them for its size', async () => {
      const stream = await target.stream()
      await target.setConfigs(stream.source, { 'retention.bytes': '2000' })

      await runBehind(stream, {})

      await emptySource(stream)
      await complete(stream)
    })

    it('are promoted with the epoch that brings them where the source is compacted', async () => {
      const stream = await target.stream()
      await target.setConfigs(stream.source, { 'cleanup.policy': 'compact' })
      const pending = Array.from({ length: pendingCount }, (_, id) => ({ ...record('A', id), key: `a-${id}` }))
      await stream.produce(pending)
      await stream.run(customerTopology(stream))

      await target.setConfigs(stream.source, { 'cleanup.policy': 'delete' })
      await emptySource(stream)
      await stream.produce(pending.map((_, id) => record('B', id)))
      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(pendingCount))
      assertAccount(report, { emitted: 2 * pendingCount })
    })

    it('are promoted where the source becomes compacted', async () => {
      const stream = await target.stream()
      const pending = Array.from({ length: pendingCount }, (_, id) => ({
        ...record('A', id),
        key: `a-${id}`,
        timestampMs: systemClock.nowMs(),
      }))
      await stream.produce(pending)
      await stream.run(customerTopology(stream))
      await target.setConfigs(stream.source, { 'cleanup.policy': 'compact' })
      // After an epoch is looked for what to promote.
      await stream.produce([{ value: 'no part', key: 'none' }])
      await runUntilPromoted(stream, {})

      await target.setConfigs(stream.source, { 'cleanup.policy': 'delete' })
      await emptySource(stream)
      await stream.produce(pending.map((_, id) => record('B', id)))
      await stream.run(customerTopology(stream))
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(pendingCount))
    })

    it('are promoted however large the source takes them', async () => {
      const stream = await target.stream({ sourcePartitions: 1, sinkConfig: { 'max.message.bytes': '5000000' } })
      await target.setConfigs(stream.source, { 'max.message.bytes': '4000000' })
      await stream.produce([largeRecord(3_999_880)])
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers, { replayRecordsMax: 0 })
      await until('a part is in the checkpoint topic', async () => (await partsIn(stream)).length > 0)
      await app.stop()

      await emptySource(stream)
      await stream.produce([{ ...record('B', 0), partition: 0 }])
      const { report } = await stream.run(customerTopology(stream))
      assertAccount(report, { emitted: 2 })
    })

    it('stay in the source where they are too large for the checkpoint topic, and others are promoted', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      await stream.createCheckpointTopic({ 'max.message.bytes': '3000' })
      // More offsets than are looked through at once.
      const between = Array.from({ length: 16_384 }, () => ({ value: 'no part' }))
      const records = [record('A', 1), largeRecord(5_000), ...between, record('A', 2)]
      await stream.produce(records.map((each) => ({ ...each, partition: 0 })))
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers, { replayRecordsMax: 0 })
      await until('both parts are in the checkpoint topic', async () => (await partsIn(stream)).length >= 2)
      await app.stop()

      await stream.produce([0, 1, 2].map((id) => ({ ...record('B', id), partition: 0 })))
      const { report } = await stream.run(customerTopology(stream))
      assertAccount(report, { emitted: 6, deadLettered: between.length })
    })

    it('are taken once where the source still has them, and other pending ones are read from it', async () => {
      const stream = await target.stream()
      await runBehind(stream, { replayRecordsMax: 50 })
      const later = Array.from({ length: 10 }, (_, id) => record('A', total + id))
      await stream.produce(later)
      await stream.run(customerTopology(stream))

      await stream.produce(Array.from({ length: 10 }, (_, id) => record('B', total + id)))
      await stream.produce(Array.from({ length: pendingCount }, (_, id) => record('B', id)))
      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(total + 10))
      assertAccount(report, { emitted: 2 * (total + 10) })
    })
  })

  function largeRecord(bytes: number) {
    return { value: `{"stage":"A","id":0,"part":"${'a'.repeat(bytes)}"}` }
  }
}

if (import.meta.main) onEachBroker([promotion])
