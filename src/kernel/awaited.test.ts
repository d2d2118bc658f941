import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, seededRandom } from '../core/random.ts'
import { noCounts } from './table-counts.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { OutputBuilder } from './output-builder.ts'
import { PendingTable } from './pending-table.ts'
import type { StoredPart } from './pending-row.ts'

const reasons = { duplicateReason: 11, tooLargeReason: 15, refusedTimeReason: 22 }
const completedReason = 19
const lateReason = 23
/** Passes that a row is met by before it is merged. */
const passes = 3

/** A table of three sides, the last of which is optional. */
class Bench {
  readonly table: PendingTable
  /** Keys merged without the optional side, and with it. */
  readonly without: string[] = []
  withCount = 0
  readonly refused: StoredPart[] = []
  /** What the sink says of a merge without the side. */
  answer = 0
  readonly counts = { ...noCounts(1), mergedRows: 0 }

  constructor(remembers = false) {
    const remembering = remembers ? { completedReason, lateReason } : {}
    const options = { sideCount: 3, bytesMax: 1 << 30, hashSeed: [1, 2] as const, optionalSides: [2] }
    this.table = new PendingTable({ ...options, ...reasons, ...remembering })
    const out: OutputBuilder = new OutputBuilder({
      sink: 0,
      partitionCount: 1,
      batchBytes: 1 << 16,
      onFilled: (batch) => {
        this.withCount += batch.count
        out.recycle(batch)
      },
    })
    this.table.publishTo({
      out,
      keyName: encodeJsonString('id'),
      sideNames: ['A', 'B', 'C'].map(encodeJsonString),
      recordBytesMax: 1 << 20,
      refuse: (part) => this.refused.push(part),
      expire: () => {},
      merge: ({ key, parts }) => {
        if (this.answer === 0) this.without.push(`${String(Buffer.from(key))} ${parts.map(({ side }) => side).join()}`)
        return this.answer
      },
    })
  }

  apply(...rows: readonly [side: number, key: string, offset: number][]) {
    const columns = rowsOf(
      0,
      rows.map(([side, key, offset]): RowSpec => ({
        side,
        key: { canonical: key },
        part: Buffer.from('1'),
        offset,
        timestamp: 0,
      })),
    )
    this.table.apply(columns, this.counts)
    this.table.flush()
    return columns
  }

  /** A whole pass. */
  pass(counts: Bench['counts'] | undefined = this.counts): void {
    while (this.table.passAwaited({ passes, blocksMax: 1_000, counts }) !== 'ended') {}
  }

  endEpoch(): void {
    this.table.beginEpoch()
    this.table.commitEpoch()
  }
}

describe('a row that lacks an optional side', () => {
  it('is merged without it when enough passes have met it, and counted', () => {
    const bench = new Bench()
    bench.apply([0, 'ready', 0], [1, 'ready', 1], [0, 'lacks B', 2], [2, 'lacks B', 3])

    for (let pass = 0; pass < passes; pass++) bench.pass()
    assert.deepEqual(bench.without, [])
    bench.pass()

    assert.deepEqual(bench.without, ['ready 0,1'])
    assert.deepEqual([bench.counts.emitted[0], bench.counts.mergedRows, bench.table.rowCount], [2, 1, 1])
    for (let pass = 0; pass < 2 * passes; pass++) bench.pass()
    assert.equal(bench.table.rowCount, 1, 'a row waits for required sides however long')
  })

  it('is merged with it when that comes before', () => {
    const bench = new Bench()
    bench.apply([0, 'k', 0], [1, 'k', 1])
    bench.pass()

    bench.apply([2, 'k', 2])
    for (let pass = 0; pass < 2 * passes; pass++) bench.pass()

    assert.deepEqual([bench.withCount, bench.without, bench.counts.mergedRows], [1, [], 1])
  })

  it('waits from when it has all else, not from its first part on', () => {
    const bench = new Bench()
    bench.apply([0, 'k', 0])
    for (let pass = 0; pass < 2 * passes; pass++) bench.pass()
    bench.apply([1, 'k', 1])

    for (let pass = 0; pass < passes; pass++) bench.pass()

    assert.deepEqual(bench.without, [])
  })

  it('does not expire', () => {
    const bench = new Bench()
    bench.apply([0, 'ready', 0], [1, 'ready', 1], [0, 'lacks B', 2], [2, 'lacks B', 3])

    while (!bench.table.sweep(0, 1_000, bench.counts)) {}

    assert.deepEqual([bench.counts.expired[0], bench.table.rowCount], [2, 1])
  })

  it('is only looked at where nothing may be merged, until one is due', () => {
    const bench = new Bench()
    bench.apply([0, 'k', 0], [1, 'k', 1])
    for (let pass = 0; pass < passes; pass++) bench.pass(undefined)

    assert.equal(bench.table.passAwaited({ passes, blocksMax: 1_000, counts: undefined }), 'due')
    assert.equal(bench.table.passAwaited({ passes, blocksMax: 1_000, counts: undefined }), 'due')
    assert.deepEqual(bench.without, [])
    bench.pass()
    assert.deepEqual(bench.without, ['k 0,1'])
  })

  it('leaves as dead letters where the sink does not take it', () => {
    const bench = new Bench(true)
    bench.answer = 15
    bench.apply([0, 'k', 0], [1, 'k', 1])
    for (let pass = 0; pass <= passes; pass++) bench.pass()

    assert.deepEqual(
      bench.refused.map(({ offset }) => offset).toSorted((a, b) => a - b),
      [0, 1],
    )
    assert.deepEqual([bench.counts.deadLettered[0], bench.counts.mergedRows, bench.table.rowCount], [2, 0, 0])
    assert.deepEqual([bench.table.rememberedCount, bench.table.completed.of().count], [0, 0])
  })

  it('is remembered once merged: a part of the optional side is late, one of another is a duplicate', () => {
    const bench = new Bench(true)
    bench.apply([0, 'k', 0], [1, 'k', 1], [0, 'whole', 2], [1, 'whole', 3], [2, 'whole', 4])
    for (let pass = 0; pass <= passes; pass++) bench.pass()
    assert.deepEqual(
      [...bench.table.completedKeys()].map(({ bytes }) => String(Buffer.from(bytes))),
      ['whole', 'k'],
    )

    const { reason } = bench.apply([2, 'k', 5], [0, 'k', 6], [2, 'whole', 7])

    assert.deepEqual([...reason.subarray(0, 3)], [lateReason, completedReason, lateReason])
    assert.equal(bench.counts.duplicate[0], 3)
  })

  for (const remembers of [false, true]) {
    it(`is back after a rollback, and merged again${remembers ? ', where keys are remembered' : ''}`, () => {
      const bench = new Bench(remembers)
      bench.apply([0, 'k', 0], [1, 'k', 1])
      bench.endEpoch()
      for (let pass = 0; pass <= passes; pass++) bench.pass()
      bench.table.beginEpoch()

      bench.table.rollback()

      assert.deepEqual([bench.table.rowCount, bench.table.rememberedCount], [1, 0])
      for (let pass = 0; pass <= passes; pass++) bench.pass()
      bench.endEpoch()
      assert.deepEqual(bench.without, ['k 0,1', 'k 0,1'])
      assert.deepEqual([bench.table.rowCount, bench.table.rememberedCount], [0, Number(remembers)])
      assert.deepEqual(bench.apply([2, 'k', 2]).reason[0], remembers ? lateReason : 0)
    })
  }

  it('is merged once, and no other, among many rows, epochs and rollbacks', () => {
    const random = seededRandom(7)
    const bench = new Bench()
    const keys = 20_000
    const required = new Set<string>()
    let offset = 0
    for (let key = 0; key < keys; key++) {
      const sides = [0, 1].filter(() => nextInt(random, 5) > 0)
      if (sides.length === 2) required.add(String(key))
      bench.apply(...sides.map((side): [number, string, number] => [side, String(key), offset++]))
    }
    bench.endEpoch()
    while (bench.without.length < required.size) {
      const before = bench.without.length
      bench.pass()
      bench.table.beginEpoch()
      if (nextInt(random, 2) === 0) {
        bench.table.rollback()
        bench.without.length = before
      } else bench.table.commitEpoch()
      while (bench.table.compact(1_000)) {}
    }

    const merged = bench.without.map((text) => text.split(' ')[0]!)
    assert.deepEqual(new Set(merged), required)
    assert.equal(merged.length, required.size)
  })
})
