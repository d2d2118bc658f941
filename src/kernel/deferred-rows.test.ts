import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RecordColumns } from './columns.ts'
import { Outputs } from './fixtures/outputs.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { PendingTable } from './pending-table.ts'
import { noCounts } from './table-counts.ts'

const completedReason = 19
const reasons = { duplicateReason: 11, tooLargeReason: 15, refusedTimeReason: 22, completedReason }

/** A table that is all shards, whose merges may be refused later; offsets are those of the rows that it was given. */
function newBench() {
  const table = new PendingTable({ sideCount: 2, bytesMax: 2 ** 30, hashSeed: [1, 2], ...reasons })
  const outputs = new Outputs({ partitionCount: 1, batchBytes: 1 << 16 })
  table.publishTo({
    out: outputs.builder,
    keyName: encodeJsonString('id'),
    sideNames: ['A', 'B'].map(encodeJsonString),
    recordBytesMax: 1 << 20,
    refuse: () => assert.fail('no merge is refused at once'),
    expire: () => assert.fail('nothing expires'),
  })
  const shard = table.shardAt({ shard: 0, shardCount: 1 })
  shard.confirmed = 0
  const counts = noCounts(1)
  let offset = 0
  const refusedOf = ({ count, offset: offsets, reason }: RecordColumns) =>
    Array.from({ length: count }, (_, row) => row).flatMap((row) =>
      reason[row] === 0 ? [] : [[offsets[row], reason[row]]],
    )
  return {
    table,
    shard,
    counts,
    take: (...rows: readonly string[]) => {
      const specs = rows.map(([side, ...key]): RowSpec => ({
        side: side === 'A' ? 0 : 1,
        key: { canonical: key.join('') },
        part: Buffer.from(`"${side} at ${offset}"`),
        offset: offset++,
        timestamp: 0,
      }))
      const columns = rowsOf(0, specs)
      shard.take(columns, counts, () => assert.fail('all rows are its own'))
      return refusedOf(columns)
    },
    takeDeferred: () => {
      const refused: unknown[] = []
      shard.takeDeferred(counts, (columns) => refused.push(...refusedOf(columns)))
      return refused
    },
    mergedValues: () => {
      table.flush()
      return outputs.take().map(({ value }) => String(value))
    },
  }
}

describe('rows of a shard that meet a key whose merge may still be refused', () => {
  it('are duplicates once it is confirmed, and nothing before', () => {
    const { shard, counts, take, takeDeferred } = newBench()

    assert.deepEqual(take('Ak', 'Bk', 'Bk', 'Al', 'Ak'), [])
    assert.deepEqual([shard.isDeferring, counts.duplicate[0]], [true, 0])
    assert.deepEqual(takeDeferred(), [])
    assert.equal(shard.isDeferring, true)

    shard.confirmed = 1
    assert.deepEqual(takeDeferred(), [
      [2, completedReason],
      [4, completedReason],
    ])
    assert.deepEqual([shard.isDeferring, counts.duplicate[0]], [false, 2])
  })

  it('begin another row once it is disowned, in their order, and meet the next merge in the same way', () => {
    const { table, shard, take, takeDeferred, mergedValues } = newBench()
    take('Ak', 'Bk', 'Bk', 'Bk', 'Ak', 'Ak')

    table.completed.disown(0)
    shard.confirmed = 1

    assert.deepEqual(takeDeferred(), [[3, reasons.duplicateReason]])
    assert.equal(shard.isDeferring, true)
    shard.confirmed = 2
    assert.deepEqual(takeDeferred(), [[5, completedReason]])
    assert.deepEqual(mergedValues(), ['{"id":"k","A":"A at 0","B":"B at 1"}', '{"id":"k","A":"A at 4","B":"B at 2"}'])
  })

  it('find the row as it was after a rollback, also where a sweep has taken the disowned key out', () => {
    for (const isSwept of [false, true]) {
      const { table, shard, counts, take, takeDeferred } = newBench()
      take('Ak')
      table.beginEpoch()
      table.commitEpoch()
      take('Bk', 'Ak', 'Al', 'Bl')
      table.completed.disown(0)
      shard.confirmed = 2
      takeDeferred()
      assert.equal(table.unsweptCount, 1)
      if (isSwept) while (!table.sweep(-1, 1_000, counts)) {}
      assert.equal(table.unsweptCount, isSwept ? 0 : 1)

      table.rollback()

      assert.deepEqual([table.rowCount, table.rememberedCount, table.completed.of().count], [1, 0, 0])
      assert.equal([...table.parts()].map(({ offset }) => offset).join(), '0')
    }
  })
})
