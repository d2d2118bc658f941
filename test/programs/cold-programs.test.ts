import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt } from '../../src/core/random.ts'
import { Engine, type Topology } from '../../src/streams/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { compare } from '../examples/model.ts'
import { drawnRuns, partitions } from './drawn-runs.ts'
import { foundIn } from './found-in.ts'

const programs = Number(process.env['MILLRACE_RUNS'] ?? 8)
/** Some have nothing pending whenever rows leave memory: others are drawn then, up to so many times as many. */
const drawnFactor = 10

describe('programs that chance has drawn, whose rows leave memory again and again', () => {
  it(`do what a naive model says, ${programs} of them at least`, async (t) => {
    let recalls = 0
    let drawn = 0
    for (const { example, groups, placed, random, which } of drawnRuns(t, programs * drawnFactor)) {
      const time = new VirtualClock()
      await using engine = await Engine.start(promoting(example.topology), time, { partitions })
      const { cold } = engine.session.state

      for (const { record, partition, timestampMs } of placed) {
        const { topic, value, key, headers } = record
        engine.kafka.give(partition, [value], { key, headers, timestampMs }, topic)
        await time.advance(0)
        if (nextInt(random, 4) > 0) continue
        await time.until(engine.drain())
        cold!.moveOut(Infinity)
      }
      await time.until(engine.drain())
      await time.advance(example.settleMs!)
      await time.until(engine.drain())

      recalls += engine.kafka.calls.filter((call) => call.startsWith('read')).length
      assert.deepEqual(engine.crashes, [], which)
      assert.deepEqual(compare(groups, placed, 'out', foundIn(engine)), { missing: [], surplus: [] }, which)
      drawn++
      if (drawn >= programs && recalls > programs) break
    }
    assert.ok(recalls > programs, `${recalls} ranges were read again`)
  })
})

function promoting(topology: Topology): Topology {
  return { ...topology, correlate: { ...topology.correlate, whenFull: 'promote' } }
}
