import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import type { Clock } from '../../core/clock.ts'
import { VirtualClock } from '../../testing/index.ts'
import { ColdParts } from '../cold/cold-parts.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { PendingCensus } from './pending-census.ts'

type Row = readonly [sides: number, oldestMs: number]

const nowMs = 1_000_000_000
const minute = 60_000

describe('a census of the pending rows', () => {
  it('counts them page by page, by the sides that are there and by age', async () => {
    const { clock, census } = start([
      [
        [0b01, nowMs - minute],
        [0b01, nowMs - 2 * minute],
      ],
      [[0b11, nowMs - 30 * 60 * minute]],
    ])

    assert.equal(census.look(), undefined)
    await clock.advance(50)

    assert.deepEqual(census.look(), {
      takenMs: nowMs,
      rows: 3,
      oldestMs: nowMs - 30 * 60 * minute,
      bySides: new Map([
        [0b01, 2],
        [0b11, 1],
      ]),
      oldest: [
        { key: '100', sides: 0b11, oldestMs: nowMs - 30 * 60 * minute },
        { key: '1', sides: 0b01, oldestMs: nowMs - 2 * minute },
        { key: '0', sides: 0b01, oldestMs: nowMs - minute },
      ],
      byAge: [1, 1, 0, 0, 0, 1],
    })
  })

  it('keeps the ten oldest, in whatever order they come', () => {
    check(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }), (ages) => {
        const { census } = start([ages.map((age) => [1, nowMs - age] as const)])

        const { oldest, oldestMs } = (census.look(), census.look()!)

        const expected = ages.toSorted((a, b) => b - a).map((age) => nowMs - age)
        assert.deepEqual(
          oldest.map((row) => row.oldestMs),
          expected.slice(0, 10),
        )
        assert.equal(oldestMs, expected[0])
        for (const { key, oldestMs: ms } of oldest) assert.equal(nowMs - ages[Number(key)]!, ms)
      }),
      300,
    )
  })

  it('is not taken while nobody looks, and serves for ten seconds', async () => {
    const pages = Array.from({ length: 101 }, () => [[1, nowMs] as const])
    const { clock, census, visited } = start(pages)

    census.look()
    await clock.advance(100 * 50)
    assert.equal(census.look()!.rows, 101)
    await clock.advance(9_999)
    census.look()
    assert.equal(visited(), 101)
    await clock.advance(1)
    assert.equal(visited(), 101)
    census.look()

    assert.equal(visited(), 102)
  })

  it('rests after a page for two hundred times as long as that took', async () => {
    const { clock, census, visited } = start([[], [], []], 5)

    census.look()
    await clock.advance(999)
    assert.equal(visited(), 1)
    await clock.advance(1)

    assert.equal(visited(), 2)
  })

  it('counts rows that are not in the table, whose keys are not known', async () => {
    const clock = new VirtualClock()
    const table = rememberingTable()
    const cold = new ColdParts(table, 1 << 20)
    const take = (...keys: readonly string[]) => {
      table.apply(rowsOf(keys.map((key) => recordOf('B', key))), new EpochCounts([0]))
      table.settle()
    }
    take('a', 'b')
    cold.moveOut(Infinity)
    take('c')
    const census = new PendingCensus(table, clock, () => nowMs, cold)

    census.look()
    await clock.advance(60_000)

    const { rows, oldestMs, bySides, oldest } = census.look()!
    assert.deepEqual([rows, oldestMs, bySides], [3, 0, new Map([[0b10, 3]])])
    assert.deepEqual(
      oldest.map(({ key }) => key),
      ['c'],
    )
  })

  it('ends in the middle when the program does', async () => {
    const { clock, census } = start([[], [], []])

    census.look()
    census.stop()
    await clock.advance(10_000)

    assert.equal(census.look(), undefined)
    assert.equal(clock.pendingTimers, 0)
  })
})

/** A table whose index has these pages, each of which takes some milliseconds. */
function start(pages: readonly (readonly Row[])[], pageMs = 0) {
  const clock = new VirtualClock()
  let visits = 0
  const working: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs() + visits * pageMs,
    setTimer: (options, callback) => clock.setTimer(options, callback),
  }
  const table = {
    rowCount: pages.flat().length,
    keyText: (head: number) => String(head),
    survey(place: number, visit: (sides: number, oldestMs: number, head: number) => void) {
      visits++
      const page = Math.round(place * pages.length)
      for (const [row, [sides, oldestMs]] of pages[page]!.entries()) visit(sides, oldestMs, 100 * page + row)
      return (page + 1) / pages.length
    },
  }
  return { clock, census: new PendingCensus(table, working, () => nowMs), visited: () => visits }
}
