import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explain, field, stage, topology } from '../../src/streams/index.ts'
import { type CustomerRecord, customerTopology, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount, committed, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

const count = 50
const ids = Array.from({ length: count }, (_, id) => id)

/** Side A with a function that makes another part in each life of the program, and counts how often it is asked. */
function life(number: number) {
  let asked = 0
  const part = async ({ id }: CustomerRecord) => {
    asked++
    await Promise.resolve()
    return `made in life ${number} of ${id}`
  }
  return { sideA: { part, deterministic: false } as const, asked: () => asked }
}

function mergesOfLives(lifeOf: (id: number) => number, total = count): string[] {
  return Array.from(
    { length: total },
    (_, id) => `{"id":${id},"A":"made in life ${lifeOf(id)} of ${id}","B":{"of":"B${id}"}}`,
  ).sort()
}

/** Parts of stages that are declared not deterministic are promoted. */
export function computedParts(target: Target): void {
  async function partsIn(stream: Stream): Promise<number> {
    const parts = new Set<string>()
    for (const { key, value } of await stream.read(stream.checkpointTopic)) {
      if (key?.startsWith('part/') !== true) continue
      if (value === null) parts.delete(key)
      else parts.add(key)
    }
    return parts.size
  }

  describe('a stage that is not deterministic', () => {
    it('is not asked again for what is pending after a restart, nor is the source', async () => {
      const stream = await target.stream()
      await stream.produce(ids.map((id) => record('A', id)))
      const first = life(1)
      await stream.run(customerTopology(stream, first.sideA))
      assert.deepEqual([first.asked(), await partsIn(stream)], [count, count])

      await target.deleteRecords(stream.source, { 0: count / 2, 1: count / 2 })
      const { app } = stream
      const { pending } = await explain({ bootstrapServers: target.bootstrapServers, app, key: '7' })
      assert.deepEqual(
        [pending?.parts.map(({ side, offset }) => [side, offset]), pending?.missing],
        [[['A', 3]], ['B']],
      )

      await stream.produce(ids.map((id) => record('B', id)))
      await stream.produce([record('A', count), record('B', count)])
      const second = life(2)
      const { report } = await stream.run(customerTopology(stream, second.sideA))

      assert.equal(second.asked(), 1)
      assert.deepEqual(
        valuesOf(await stream.merged()),
        mergesOfLives((id) => (id < count ? 1 : 2), count + 1),
      )
      assertAccount(report, { emitted: 2 * (count + 1) })
      await stream.produce([record('A', count + 1)])
      await stream.run(customerTopology(stream, second.sideA))
      assert.equal(await partsIn(stream), 1)
    })

    it('has its parts promoted beside others that are read from the source', async () => {
      const stream = await target.stream()
      const isMade = (id: number) => id % 3 === 0
      await stream.produce(ids.map((id) => record(isMade(id) ? 'A' : 'B', id)))
      await stream.run(customerTopology(stream, life(1).sideA))
      await stream.run(customerTopology(stream, life(2).sideA))

      const { app } = stream
      const { pending } = await explain({ bootstrapServers: target.bootstrapServers, app, key: '9' })
      assert.deepEqual([pending?.parts.length, pending?.missing], [1, ['B']])
      await stream.produce(ids.map((id) => record(isMade(id) ? 'B' : 'A', id)))
      const third = life(3)
      const { report } = await stream.run(customerTopology(stream, third.sideA))

      assert.equal(third.asked(), ids.filter((id) => !isMade(id)).length)
      assert.deepEqual(
        valuesOf(await stream.merged()),
        mergesOfLives((id) => (isMade(id) ? 1 : 3)),
      )
      assertAccount(report, { emitted: 2 * count })
    })

    it('has its parts promoted also where they are more than memory has at a time', async () => {
      const stream = await target.stream()
      const many = Array.from({ length: 6_000 }, (_, id) => id)
      // In many batches, so that several fetches share the memory of each.
      for (let i = 0; i < many.length; i += 500)
        await stream.produce(many.slice(i, i + 500).map((id) => record('A', id)))
      const small = { fetchBytes: 65_536, partitionFetchBytes: 16_384, epochMs: 60_000, epochIdleMs: 60_000 }
      const app = await startQuietly(customerTopology(stream, life(1).sideA), target.bootstrapServers, small)
      await until('all rows are pending', () => app.report().pendingRows >= many.length)
      await app.stop()

      await stream.produce(many.map((id) => record('B', id)))
      const second = life(2)
      await stream.run(customerTopology(stream, second.sideA))

      assert.equal(second.asked(), 0)
      assert.deepEqual(
        valuesOf(await stream.merged()),
        mergesOfLives(() => 1, many.length),
      )
    })

    it('is asked anew for what had not committed', async () => {
      const stream = await target.stream()
      await stream.produce(ids.flatMap((id) => [record('A', id), record('B', id)]))
      const first = life(1)
      const failing = {
        ...first.sideA,
        part: (value: CustomerRecord) => {
          if (value.id === count - 1) throw new Error('not yet')
          return first.sideA.part(value)
        },
      }
      const oneEpoch = { epochMs: 60_000, epochIdleMs: 60_000 }
      const ended = await stream.run(customerTopology(stream, failing), { maxConsecutivePoison: 1, ...oneEpoch })
      assert.notEqual(ended.error, undefined)

      await stream.run(customerTopology(stream, life(2).sideA))
      assert.deepEqual(
        valuesOf(await stream.merged()),
        mergesOfLives(() => 2),
      )
    })

    it('ends an epoch by the bytes that are to be promoted', async () => {
      const stream = await target.stream()
      const never = { epochMs: 60_000, epochIdleMs: 60_000 }
      const settings = { ...never, epochBytes: 1_024 }
      const app = await startQuietly(customerTopology(stream, life(1).sideA), target.bootstrapServers, settings)
      await stream.produce(ids.map((id) => record('A', id)))

      await committed(app, count / 2)
      await app.stop()

      assert.equal(await partsIn(stream), count)
    })

    it('loses no other part for one that the checkpoint topic does not take, which becomes a dead letter', async () => {
      const stream = await target.stream()
      await stream.createCheckpointTopic({ 'max.message.bytes': '3000' })
      const part = ({ id }: CustomerRecord) => (id === 1 ? 'a'.repeat(5_000) : `made in life 1 of ${id}`)
      const sideA = { part, deterministic: false } as const
      await stream.produce([record('A', 0), record('A', 1)])
      await stream.run(customerTopology(stream, sideA))
      await stream.produce([record('B', 0), record('B', 1)])

      const { report } = await stream.run(customerTopology(stream, sideA))

      const [letter] = await stream.deadLetters()
      assert.deepEqual([saysOf(letter!).reason, letter!.value], ['PART_TOO_LARGE', record('A', 1).value])
      assert.deepEqual(
        valuesOf(await stream.merged()),
        mergesOfLives(() => 1, 1),
      )
      assertAccount(report, { emitted: 2, pending: 1, deadLettered: 1 })
    })

    it('is taken at its own word only: a record cannot bring a part with it', async () => {
      const stream = await target.stream()
      const forged = ids.map((id) => ({ ...record('A', id), headers: { 'millrace.part': '"forged"' } }))
      await stream.produce(forged)
      // All pending parts are promoted from the source.
      const part = ({ id }: CustomerRecord) => `made in life 1 of ${id}`
      const declared = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part: field('part') }) })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink(stream.sink)
      const running = await startQuietly(declared, target.bootstrapServers, { replayRecordsMax: 0 })
      await until('all parts are in the checkpoint topic', async () => (await partsIn(stream)) >= count)
      await running.stop()

      await stream.produce(ids.map((id) => record('B', id)))
      await stream.run(declared)
      assert.deepEqual(
        valuesOf(await stream.merged()),
        mergesOfLives(() => 1),
      )
    })
  })
}

if (import.meta.main) onEachBroker([computedParts])
