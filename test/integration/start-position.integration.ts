import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { audit, explain, field, stage, type StartPosition, type Topology, topology } from '../../src/streams/index.ts'
import { commitOffsets } from './commit-offsets.ts'
import { customers, mergesOf, valuesOf } from './customers.ts'
import { grow } from './grow.ts'
import { startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

const beganMs = 1_790_000_000_000

function programFrom({ app, source, sink }: Stream, from: StartPosition): Topology {
  return topology(app)
    .source(source, { from })
    .route('by-stage', field('stage'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

/** Customers `from` to `to`, one record of each side, in the partitions by their ids. */
function some(from: number, to: number, timestampMs = beganMs) {
  return customers(to)
    .slice(2 * from)
    .map((record) => ({ ...record, timestampMs }))
}

export function startPositions(target: Target): void {
  const proved = async ({ app }: Stream) => {
    const report = await audit({ bootstrapServers: target.bootstrapServers, app })
    assert.equal(report.verdict, 'proved')
    return report
  }
  const merged = async (stream: Stream) => valuesOf(await stream.merged())

  describe('a new program', () => {
    it('begins after the last record, and its first epoch fixes where that was', async () => {
      const stream = await target.stream()
      await stream.produce(some(0, 10))
      const latest = programFrom(stream, 'latest')
      const app = await startQuietly(latest, target.bootstrapServers)
      await app.caughtUp
      await app.stop()
      // A second first start would begin after these.
      await stream.produce(some(10, 20))

      const { report } = await stream.run(latest)

      assert.deepEqual(
        await merged(stream),
        mergesOf(
          20,
          Array.from({ length: 10 }, (_, id) => id),
        ),
      )
      assert.deepEqual(
        report.accounting.map(({ consumed, emitted }) => [consumed, emitted]),
        [
          [10, 10],
          [10, 10],
        ],
      )
      const { startedAt } = await proved(stream)
      const places = [0, 1].map((partition) => ({ topic: stream.source, partition, offset: 10 }))
      assert.deepEqual(startedAt, places)
      const explained = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '3' })
      assert.deepEqual([explained.published, explained.startedAt], [[], places])
    })

    it('begins where the log does, where an open transaction has that end before', async () => {
      const stream = await target.stream()
      const transactionalId = `${stream.app}-source`
      const producer = target.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      await using _ = { [Symbol.asyncDispose]: () => producer.disconnect() }
      const transaction = await producer.transaction()
      const messages = some(0, 6).map(({ value, partition = 0 }) => ({ value, partition }))
      await transaction.send({ topic: stream.source, messages })
      // Within the one batch of each partition.
      await target.deleteRecords(stream.source, { 0: 4, 1: 4 })

      const app = await startQuietly(programFrom(stream, 'latest'), target.bootstrapServers)
      await app.caughtUp
      await transaction.commit()
      await stream.whenStable()
      await app.stop()
      await stream.run(programFrom(stream, 'latest'))

      const { startedAt } = await proved(stream)
      assert.deepEqual(
        startedAt.map(({ offset }) => offset),
        [4, 4],
      )
      assert.deepEqual(await merged(stream), mergesOf(6, [0, 1, 2, 3]))
    })

    it('reads from offset 0 a partition that comes later', async () => {
      const stream = await target.stream()
      await stream.produce(some(0, 10))
      const latest = programFrom(stream, 'latest')
      await stream.run(latest)
      await grow(target, stream.source, 3)
      await stream.produce(some(10, 20).map((record) => ({ ...record, partition: 2 })))

      await stream.run(latest)

      assert.deepEqual(
        await merged(stream),
        mergesOf(
          20,
          Array.from({ length: 10 }, (_, id) => id),
        ),
      )
      assert.deepEqual(
        (await proved(stream)).startedAt.map(({ partition, offset }) => [partition, offset]),
        [
          [0, 10],
          [1, 10],
        ],
      )
    })

    for (const [form, from] of [
      ['milliseconds', { timestampMs: beganMs + 1_000 }],
      ['ISO text', '2026-09-21T14:13:21.000Z'],
    ] as const) {
      it(`begins at the first record of a time or after it: ${form}`, async () => {
        assert.equal(new Date(beganMs + 1_000).toISOString(), '2026-09-21T14:13:21.000Z')
        const stream = await target.stream()
        await stream.produce(some(0, 10))
        await stream.produce(some(10, 20, beganMs + 1_000))

        await stream.run(programFrom(stream, from))

        assert.deepEqual(
          await merged(stream),
          mergesOf(
            20,
            Array.from({ length: 10 }, (_, id) => id),
          ),
        )
        await proved(stream)
      })
    }

    it('begins at the end where no record is of that time', async () => {
      const stream = await target.stream()
      await stream.produce(some(0, 10))

      const { report } = await stream.run(programFrom(stream, { timestampMs: beganMs + 1_000 }))

      assert.ok(report.accounting.every(({ consumed }) => consumed === 0))
      assert.equal((await proved(stream)).startedAt.length, 2)
    })

    for (const isOwn of [true, false]) {
      it(`goes on where a consumer of ${isOwn ? 'its own name' : 'another group'} has stopped`, async () => {
        const stream = await target.stream()
        await stream.produce(some(0, 20))
        const group = isOwn ? stream.app : `${stream.app}-consumer`
        await commitOffsets(target, group, stream.source, [10, 8])

        await stream.run(programFrom(stream, isOwn ? 'committed' : { group }))

        const before = [0, 2, 4, 6, 8, 1, 3, 5, 7]
        assert.deepEqual(await merged(stream), mergesOf(20, before))
        await proved(stream)
        // From now on the offsets are the program's.
        await commitOffsets(target, stream.app, stream.source, [10, 8])
        await assert.rejects(startQuietly(programFrom(stream, 'committed'), target.bootstrapServers), {
          code: 'GROUP_OFFSETS_DIFFER',
        })
      })
    }

    it('does not begin where a group has committed nothing, or more than there is', async () => {
      const stream = await target.stream()
      await stream.produce(some(0, 20))
      const group = `${stream.app}-consumer`
      const unknown = { code: 'START_POSITION_UNKNOWN' }
      const start = (from: StartPosition) => startQuietly(programFrom(stream, from), target.bootstrapServers)

      await assert.rejects(start({ group }), unknown)
      await assert.rejects(start('committed'), unknown)
      await commitOffsets(target, group, stream.source, [10, 21])
      await assert.rejects(start({ group }), unknown)
    })

    it('does not begin where records are gone that the group had not read, unless the loss is accepted', async () => {
      const stream = await target.stream()
      await stream.produce(some(0, 20))
      const group = `${stream.app}-consumer`
      await commitOffsets(target, group, stream.source, [10, 8])
      await target.deleteRecords(stream.source, { 0: 14 })
      const program = programFrom(stream, { group })

      await assert.rejects(startQuietly(program, target.bootstrapServers), {
        code: 'KAFKA_OFFSET_LOST',
        details: { topic: stream.source, partition: 0, offset: 10, logStart: 14 },
      })
      await stream.run(program, { acceptLoss: true })

      assert.deepEqual(await merged(stream), mergesOf(20, [0, 2, 4, 6, 8, 10, 12, 1, 3, 5, 7]))
      await proved(stream)
    })

    it('takes offsets of another consumer for a mistake where it is not to begin there', async () => {
      const stream = await target.stream()
      await commitOffsets(target, stream.app, stream.source, [0, 0])

      await assert.rejects(startQuietly(programFrom(stream, 'latest'), target.bootstrapServers), {
        code: 'GROUP_FOREIGN',
      })
    })

    for (const from of ['first', '2026-09-21T14:13:21', { timestampMs: -1 }, { group: '' }]) {
      it(`refuses a start position that is none: ${JSON.stringify(from)}`, async () => {
        const stream = await target.stream()
        const wrong = programFrom(stream, from as StartPosition)

        await assert.rejects(startQuietly(wrong, target.bootstrapServers), { code: 'TOPOLOGY_INVALID' })
      })
    }
  })
}

if (import.meta.main) onEachBroker([startPositions])
