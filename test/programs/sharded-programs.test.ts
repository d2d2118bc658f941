import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { nextInt } from '../../src/core/random.ts'
import { Engine } from '../../src/streams/index.ts'
import { compare } from '../examples/model.ts'
import { MortalThreads } from '../mortal-threads.ts'
import { until } from '../until.ts'
import { drawnRuns, partitions } from './drawn-runs.ts'
import { foundIn } from './found-in.ts'

/** Each costs two starts of threads. */
const programs = Number(process.env['MILLRACE_RUNS'] ?? 3)

describe('B17 programs that chance has drawn, with their table in shards', () => {
  it(`do what a naive model says, ${programs} of them, through ends of threads and with other shards`, async (t) => {
    for (const { example, groups, placed, random, which } of drawnRuns(t, programs)) {
      using threads = new MortalThreads(random)
      const given = { partitions, epochMs: 20, epochIdleMs: 1 }
      const shards = () => ({ ...given, shards: 1 + nextInt(random, 3) })
      const pieces = piecesOf(placed, 1 + nextInt(random, 4))
      let engine = await Engine.start(example.topology, systemClock, shards())
      try {
        for (const [at, piece] of pieces.entries()) {
          for (const { record, partition, timestampMs } of piece) {
            const { topic, value, key, headers } = record
            engine.kafka.give(partition, [value], { key, headers, timestampMs }, topic)
          }
          if (nextInt(random, 3) === 0) await threads.endAll()
          if (at === Math.floor(pieces.length / 2)) {
            await until(`all is committed: ${which}`, () => engine.kafka.isAllCommitted)
            await engine.system.stop({ drainMs: 0 })
            engine = await Engine.resume(engine, example.topology, systemClock, shards())
          }
        }
        // Rows wait for optional sides by the clock of the machine.
        const difference = () => compare(groups, placed, 'out', foundIn(engine))
        let lookedAt = -1
        await until(`all is there that is to come: ${which}`, () => {
          const { length } = engine.kafka.written
          if (length === lookedAt) return false
          lookedAt = length
          return difference().missing.length === 0
        })
        assert.deepEqual(difference(), { missing: [], surplus: [] }, which)
      } finally {
        await engine[Symbol.asyncDispose]()
      }
    }
  })
})

function piecesOf<Item>(items: readonly Item[], count: number): (readonly Item[])[] {
  const size = Math.ceil(items.length / count)
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size))
}
