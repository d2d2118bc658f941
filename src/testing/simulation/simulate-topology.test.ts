import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { number, text } from '../../state/index.ts'
import { field, stage, table, topology, tumbling } from '../../streams/index.ts'
import { type SimulatedRecord, simulateTopology, type SimulationOptions } from './simulate-topology.ts'

const runs = 3
const ids = Array.from({ length: 16 }, (_, at) => `c-${at}`)
const sides = ['A', 'B', 'C'] as const
const plain = {
  A: stage({ part: field('part') }),
  B: stage({ part: field('part') }),
  C: stage({ part: field('part') }),
}
const recordsOf = (ofSides: readonly string[], ofIds = ids): SimulatedRecord[] =>
  ofSides.flatMap((side) => ofIds.map((id, part) => ({ value: { side, id, part } })))
const parts = recordsOf(sides)

const merging = topology('merging')
  .source('in')
  .route('by-side', field('side'), plain)
  .correlate('by-id', field('id'), { of: sides })
  .sink('out')

/** A function that numbers what it sees, as no program may. */
function numbering() {
  let count = 0
  const numbered = stage({ part: () => ++count })
  return topology('numbering')
    .source('in')
    .route('by-side', field('side'), { ...plain, A: numbered })
    .correlate('by-id', field('id'), { of: sides })
    .sink('out')
}

async function failureOf(simulation: Promise<unknown>): Promise<MillraceError> {
  const error = await simulation.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(MillraceError.is(error) && error.code === 'SIMULATION_FAILED', String(error))
  return error
}

describe('a simulation', () => {
  it('X8 passes a program that crashes do not change, from any partition and in any order', async () => {
    const merged: number[] = []
    const report = await simulateTopology(merging, {
      records: [...parts, { value: 'no JSON' }, ...recordsOf(['A'], ['alone'])],
      runs,
      partitions: 3,
      check(outcome) {
        merged.push(outcome.merged.length)
        assert.deepEqual(
          outcome.deadLetters.map(({ reason }) => reason),
          ['NOT_JSON'],
        )
        const pending = outcome.accounting.reduce((sum, account) => sum + account.pending, 0)
        assert.equal(pending, 1)
      },
    })

    assert.deepEqual(merged, Array(2 * runs).fill(ids.length))
    assert.equal(report.runs, runs)
    assert.ok(report.kills > 0 && report.failedCommits > 0, JSON.stringify(report))
  })

  it('X8 passes tables, windows, rows that expire, and what is routed on', async () => {
    const perSide = table('per-side', { key: text, value: number })
    const counting = topology('counting')
      .tables(perSide)
      .source('in')
      .route('by-side', field('side'), {
        A: stage({
          part: ({ part }: { readonly part: number }, record) => {
            const rows = record.table(perSide)
            const count = (rows.get('A') ?? 0) + 1
            rows.set('A', count)
            return [part, count]
          },
        }),
        B: plain.B,
      })
      .correlate('by-id', field('id'), { of: ['A', 'B'], expireAfterMs: 60_000, expireBy: 'processingTime' })
      .sink('out')
    await simulateTopology(counting, {
      records: [...recordsOf(['A', 'B']), ...recordsOf(['B'], ['alone'])],
      runs,
      afterMs: 120_000,
      check: ({ expired }) => assert.equal(expired.length, 1),
    })
    const startMs = 1_790_000_000_000
    const windowed = topology('windowed')
      .source('in', { timestamp: field('at') })
      .groupBy('by-id', field('id'))
      .window(tumbling({ sizeMs: 1_000 }))
      .count()
      .sink('counts')
    const timed = ids.map((id, at) => ({ value: { id: id.slice(0, 3), at: startMs + at * 300 } }))
    await simulateTopology(windowed, { records: timed, shuffle: false, runs })
    const routed = topology('routed', { layout: 'routed', tasks: 2 })
      .source('in')
      .route('by-side', field('side'), plain)
      .correlate('by-id', field('id'), { of: sides })
      .sink('out')
    await simulateTopology(routed, { records: parts, partitions: 2, runs })
  })

  it('X8 finds a function that keeps what a crash loses, and does the same again by the seed', async () => {
    const options: SimulationOptions<unknown> = { records: parts, runs: 10, seed: 3 }
    const found = await failureOf(simulateTopology(numbering, options))

    const { seed, steps } = found.details
    assert.match(found.message, new RegExp(`^with seed ${String(seed)}, crashes change what becomes of the records: `))
    assert.match(String(steps), /the process is killed|nobody hears of it|is aborted/)
    const again = await failureOf(simulateTopology(numbering, { ...options, seed: Number(seed), runs: 1 }))
    assert.deepEqual([again.message, again.details], [found.message, found.details])
  })

  it('refuses a topology that is none by its own error, as a start does', async () => {
    const refused = topology('refused')
      .source('in')
      .route('by-side', field('side'), plain)
      .correlate('by-id', field('id'), { of: sides, expireAfterMs: 1e18 })
      .sink('out')
    const message =
      'expireAfterMs of "by-id" is 1000000000000000000; it is a whole number of milliseconds from 1 to 9007199254740991'

    await assert.rejects(simulateTopology(refused, { records: parts, runs }), (error: Error) => {
      assert.ok(MillraceError.is(error))
      assert.deepEqual([error.code, error.message.slice(-message.length)], ['TOPOLOGY_INVALID', message])
      return true
    })
  })

  it('tells the seed where the check or the program throws, with the cause', async () => {
    const cause = new Error('not enough')
    const check = () => {
      throw cause
    }
    const checked = await failureOf(simulateTopology(merging, { records: parts, runs, seed: 7, check }))
    assert.equal(checked.cause, cause)
    assert.match(checked.message, /^with seed 7, the program fails: not enough; \{ seed: 7, runs: 1 \} does it again$/)
  })

  it('refuses numbers out of their bounds, and records for topics that are none of a source', async () => {
    const refused = { code: 'CONFIG_INVALID_VALUE' }
    for (const wrong of [{ runs: 0 }, { partitions: 1.5 }, { seed: -1 }]) {
      await assert.rejects(simulateTopology(merging, { records: [], ...wrong }), refused)
    }
    const records = [{ value: 1, topic: 'inn' }]
    await assert.rejects(simulateTopology(merging, { records, runs: 1 }), refused)
    await assert.rejects(simulateTopology(merging, { records: [{ value: 1, partition: 1 }], runs: 1 }), refused)
  })
})
