import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RecordColumns } from '../../kernel/index.ts'
import { EpochCounts } from './epoch-counts.ts'
import { reachOffset } from './reached-offsets.ts'

/** Rows by offset and lane. */
function columnsOf(...rows: readonly (readonly [offset: number, lane: number])[]): RecordColumns {
  const columns = new RecordColumns()
  for (const [offset, lane] of rows) {
    columns.offset[columns.count] = offset
    columns.lane[columns.count++] = lane
  }
  return columns
}

const three = [0, 1, 2]
/** Of offset 4 three records were made, of 6 two, and of 7 one. */
const batch = () => columnsOf([4, 0], [4, 1], [4, 2], [6, 0], [6, 1], [7, 0])

/** Offsets of the lanes, and what they have skipped, after rows of a batch that ends at 9, from offset 4 on. */
function reached(rows: number, from: readonly number[] = [4, 4, 4]) {
  const counts = new EpochCounts(from)
  reachOffset(counts, batch(), rows, 9, three)
  return { nextOffsets: [...counts.nextOffsets], skipped: [...counts.skipped] }
}

describe('reachOffset', () => {
  it('takes a partition without lanes to the row that is next', () => {
    const counts = new EpochCounts([4])
    const columns = columnsOf([4, 0], [6, 0], [7, 0])

    reachOffset(counts, columns, 2, 9, [0])
    assert.deepEqual([counts.nextOffsets[0], counts.skipped[0]], [7, 1])

    columns.drop(2)
    reachOffset(counts, columns, 1, 9, [0])
    assert.deepEqual([counts.nextOffsets[0], counts.skipped[0]], [9, 2])
  })

  it('takes all lanes past a record of which nothing more is to come', () => {
    assert.deepEqual(reached(3), { nextOffsets: [5, 5, 5], skipped: [0, 0, 0] })
    assert.deepEqual(reached(5), { nextOffsets: [7, 7, 7], skipped: [1, 1, 2] })
    assert.deepEqual(reached(6), { nextOffsets: [9, 9, 9], skipped: [2, 3, 4] })
  })

  it('leaves the lanes behind whose records are still to come', () => {
    assert.deepEqual(reached(1), { nextOffsets: [5, 4, 4], skipped: [0, 0, 0] })
    assert.deepEqual(reached(2), { nextOffsets: [5, 5, 4], skipped: [0, 0, 0] })
    assert.deepEqual(reached(4), { nextOffsets: [7, 6, 6], skipped: [1, 1, 1] })
  })

  it('goes on where lanes are unequally far', () => {
    const counts = new EpochCounts([5, 5, 4])
    reachOffset(counts, columnsOf([4, 2], [6, 0]), 1, 9, three)

    assert.deepEqual([...counts.nextOffsets], [5, 5, 5])
    assert.deepEqual([...counts.skipped], [0, 0, 0])
  })
})
