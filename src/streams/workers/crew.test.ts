import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineActor, supervisor } from '../../actors/index.ts'
import { probeActors } from '../../testing/index.ts'
import { field } from '../topology/field.ts'
import { onWorkers } from '../topology/on-workers.ts'
import { planTopology } from '../topology/plan.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import { type Call, Crew, workersId } from './crew.ts'
import { columnsOf } from './fixtures/columns-of.ts'
import { partOf } from './fixtures/functions.ts'
import { outcome, OutcomeWriter } from './outcomes.ts'
import type { SlicesMessage } from './worker-messages.ts'

const plan = planTopology(
  topology('root')
    .source('source')
    .side('A', stage({ part: onWorkers(partOf, new URL('./fixtures/functions.ts', import.meta.url)) as never }))
    .source('other')
    .side('B')
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink'),
)

/** Workers that answer when the test says so. */
async function startCrew(workers: number) {
  const crew = Crew.of({ plan, options: { workers } }, plan.name)!
  const loads: SlicesMessage[] = []
  const children = crew.workers.map(({ id }) => ({
    id,
    start: defineActor<SlicesMessage, void>({
      name: id,
      init() {},
      handle: { slices: (_, load) => void loads.push(load) },
    }),
  }))
  const probe = await probeActors([{ start: supervisor({ name: workersId, children }) }])
  return { crew, loads, probe, [Symbol.asyncDispose]: () => probe.stop() }
}

/** What comes back where each row takes so long. */
function answer({ slices, bytes, length, reply }: SlicesMessage, rowMs: number): void {
  const writer = new OutcomeWriter()
  writer.open(bytes, length)
  const answers = slices.map(({ count }) => {
    const start = writer.begin(count)
    for (let row = 0; row < count; row++) writer.add(outcome.none, 0, 0)
    return { start, causes: [], failures: [], lost: undefined, tookMs: rowMs * count }
  })
  reply({ answers, bytes: writer.finish() })
}

/** A call for the rows of a batch; what is done is added to `done`. */
function callOf(rowCount: number, done: number[] = []): Call {
  const columns = columnsOf(Array.from({ length: rowCount }, () => ({ key: null, value: null, header: '' })))
  return {
    function: 0,
    columns,
    place: { topic: 'source', partition: 0 },
    rows: Int32Array.from(Array(rowCount).keys()),
    isOver: () => false,
    onDone: (rows) => void done.push(...rows),
    onKilled: () => assert.fail('no thread ends'),
    onLostDigits: () => assert.fail('no digits are lost'),
    // The workers stop with the test.
    onFailed: () => {},
  }
}

describe('B17 a crew', () => {
  it('gives a worker what waits of several batches at once, once it knows what a row takes', async () => {
    await using started = await startCrew(1)
    const { crew, loads, probe } = started
    const done: number[] = []

    for (let batch = 0; batch < 20; batch++) crew.begin(callOf(10, done), probe.system)
    await probe.clock.advance(0)
    const countBefore = loads.length
    for (const load of loads.splice(0)) answer(load, 0.01)
    await probe.clock.advance(0)

    assert.equal(countBefore, 3)
    assert.deepEqual(
      loads.map(({ slices }) => slices.map(({ count }) => count)),
      [Array(17).fill(10)],
    )
    answer(loads[0]!, 0.01)
    await probe.clock.advance(0)
    assert.equal(done.length, 200)
  })

  it('gives each worker its share of what waits, and about 8 ms at most', async () => {
    await using started = await startCrew(2)
    const { crew, loads, probe } = started
    crew.begin(callOf(1), probe.system)
    await probe.clock.advance(0)
    for (const load of loads.splice(0)) answer(load, 0.02)
    await probe.clock.advance(0)

    crew.begin(callOf(400), probe.system)
    await probe.clock.advance(0)
    const shared = loads.splice(0).map(({ slices }) => slices.map(({ count }) => count))
    crew.begin(callOf(2_000), probe.system)
    await probe.clock.advance(0)

    assert.deepEqual(shared.slice(0, 2), [[200], [100]])
    const largest = Math.max(...loads.map(({ slices }) => slices.reduce((sum, { count }) => sum + count, 0)))
    assert.equal(largest, 400)
  })

  it('takes the memory again in which answers have come', async () => {
    await using started = await startCrew(1)
    const { crew, loads, probe } = started
    crew.begin(callOf(1), probe.system)
    await probe.clock.advance(0)
    const [first] = loads.splice(0)
    answer(first!, 0.01)
    await probe.clock.advance(0)

    crew.begin(callOf(1), probe.system)
    await probe.clock.advance(0)

    assert.equal(loads[0]!.bytes, first!.bytes)
  })
})
