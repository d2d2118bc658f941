import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { tableOf } from '../fixtures/table.ts'
import { TableCompaction } from './table-compaction.ts'

const mebibyte = 2 ** 20
const keys = Array.from({ length: 200_000 }, (_, i) => String(i).padStart(90, '-'))
const keysAtOnce = 1_000

/** A table that parts come and go in, and its compaction. */
class Bench {
  readonly clock = new VirtualClock()
  readonly table = tableOf({ bytesMax: 2 ** 30 })
  readonly compaction = new TableCompaction(this.table, this.clock)
  readonly #counts = new EpochCounts([0])

  /** Brings parts of one side for all keys. */
  take(side: 'A' | 'B'): void {
    for (let at = 0; at < keys.length; at += keysAtOnce) {
      const records = keys.slice(at, at + keysAtOnce).map((key) => recordOf(side, key))
      this.table.apply(rowsOf(records), this.#counts)
    }
    this.table.beginEpoch()
    this.table.commitEpoch()
  }
}

describe('compaction of the table', () => {
  it('waits until the memory of a burst has been unused for ten seconds, and goes on in steps until it is back', async () => {
    const bench = new Bench()
    const { clock, table, compaction } = bench
    bench.take('A')
    bench.take('B')
    const unusedBytes = table.reservedBytes

    compaction.run()
    assert.equal(compaction.dueMs, 10_000)
    await clock.advance(9_999)
    compaction.run()
    assert.equal(table.reservedBytes, unusedBytes)

    await clock.advance(1)
    compaction.run()
    for (; compaction.dueMs !== undefined; compaction.run()) {
      assert.equal(compaction.dueMs, 20)
      await clock.advance(20)
    }
    assert.ok(unusedBytes > 40 * mebibyte, `${unusedBytes}`)
    assert.ok(table.reservedBytes < 20 * mebibyte, `${table.reservedBytes}`)
  })

  it('does nothing when the memory has been used again meanwhile', async () => {
    const bench = new Bench()
    const { clock, table, compaction } = bench
    bench.take('A')
    bench.take('B')
    compaction.run()

    await clock.advance(9_000)
    bench.take('A')
    compaction.run()
    assert.equal(compaction.dueMs, undefined)
    bench.take('B')
    const unusedBytes = table.reservedBytes
    await clock.advance(9_000)
    compaction.run()

    assert.equal(table.reservedBytes, unusedBytes)
    assert.equal(compaction.dueMs, 10_000)
  })
})
