import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ColdIndex, type PendingTable } from '../../kernel/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { partitionsOfSource } from '../fixtures/partitions.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { PartsReadAgain } from '../recovery/parts-read-again.ts'
import { ColdParts } from './cold-parts.ts'

/** In which all keys have one hash. */
class CollidingIndex extends ColdIndex {
  override add(_low: number, _high: number, words: Int32Array, origin: number): void {
    super.add(7, 7, words, origin)
  }

  override has(): boolean {
    return super.has(7, 7)
  }

  override partsOf(_low: number, _high: number, visit: Parameters<ColdIndex['partsOf']>[2]): number {
    return super.partsOf(7, 7, visit)
  }

  override delete(): number {
    return super.delete(7, 7)
  }
}

const keys = ['a', 'b', 'c']

/** Parts of three rows that have moved out of their table. */
function movedOut(index?: ColdIndex) {
  const table = rememberingTable()
  const cold = new ColdParts(table, 1 << 20, index)
  const rows = () => rowsOf(keys.map((key) => recordOf('A', key)))
  table.apply(rows(), new EpochCounts([0]))
  table.settle()
  cold.moveOut(Infinity)
  assert.deepEqual([table.rowCount, cold.partCount], [0, keys.length])
  return { table, cold, rows }
}

function takenAgain(table: PendingTable) {
  return new PartsReadAgain({ table, told: undefined, isMigrated: false, partitions: partitionsOfSource() })
}

describe('cold parts', () => {
  it('are known by the keys of their rows, and are back once they were recalled', () => {
    const { table, cold, rows } = movedOut()
    assert.equal(cold.readyRows(rowsOf([recordOf('A', 'd'), recordOf('B', 'b'), recordOf('B', 'd')])), 1)
    const needed = cold.neededBy([rowsOf([recordOf('B', 'b'), recordOf('B', 'd')])], Infinity)
    assert.deepEqual([...needed.wanted], [[0, new Map([[1, 0]])]])

    cold.beginRecall(needed)
    const read = rows()
    read.keep((offset) => needed.has(0, offset))
    takenAgain(table).take(rowsOf([recordOf('A', 'b')]))
    needed.take(read)
    cold.endRecall()

    assert.deepEqual([table.rowCount, cold.partCount], [1, 2])
    assert.equal(cold.readyRows(rowsOf([recordOf('B', 'b'), recordOf('B', 'c')])), 1)
  })

  it('are recalled needlessly where two keys have one hash, and no part comes to another row for it', () => {
    const { table, cold, rows } = movedOut(new CollidingIndex())
    const unknown = rowsOf([recordOf('B', 'd')])
    assert.equal(cold.readyRows(unknown), 0)
    const needed = cold.neededBy([unknown], Infinity)
    assert.equal(needed.partCount, keys.length)

    cold.beginRecall(needed)
    takenAgain(table).take(rows())
    needed.take(rows())
    cold.endRecall()

    assert.deepEqual([table.rowCount, cold.isEmpty], [keys.length, true])
    const counts = new EpochCounts([0])
    table.apply(rowsOf([recordOf('B', 'd'), recordOf('B', 'b')]), counts)
    assert.deepEqual([table.rowCount, counts.mergedRows], [keys.length, 1])
  })

  it('are missed where they do not all come', () => {
    const { cold } = movedOut()
    cold.beginRecall(cold.neededBy([rowsOf([recordOf('B', 'b')])], Infinity))
    assert.throws(() => cold.endRecall(), { code: 'CHECKPOINT_CORRUPT' })
  })

  it('stay where they are when a recall is rolled back', () => {
    const { table, cold } = movedOut()
    const needed = cold.neededBy([rowsOf([recordOf('B', 'a')])], Infinity)
    cold.beginRecall(needed)
    takenAgain(table).take(rowsOf([recordOf('A', 'a')]))

    table.rollback()
    cold.abandonRecall()

    assert.deepEqual([table.rowCount, cold.partCount, cold.recall], [0, keys.length, undefined])
  })

  it('do not move while an epoch has changed something', () => {
    const { table, cold } = movedOut()
    table.apply(rowsOf([recordOf('A', 'd')]), new EpochCounts([0]))
    assert.equal(cold.mayMove, false)
    assert.throws(() => cold.moveOut(Infinity), /while nothing is in flight/)
  })
})
