import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { partitionForKey } from '../../kafka/index.ts'
import { noSide, Reason } from '../../kernel/index.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { refuseMisplaced } from './misplaced-rows.ts'

const taskCount = 12
const tasks = { count: taskCount, own: [], taskOf: (number: number) => number % taskCount }
const home = partitionForKey(Buffer.from('42'), taskCount)

/** Records in a partition of the second source. */
function rowsIn(partition: number, ...records: readonly string[]) {
  const columns = rowsOf(records)
  columns.partition = taskCount + (partition % taskCount)
  return columns
}

describe('rows of a keyed source', () => {
  it('stay where their merge key belongs, however it is spelled', () => {
    const columns = rowsIn(home, recordOf('A', '42'), recordOf('A', 42), '{"side":"A","key":4.2e1}')

    refuseMisplaced(columns, tasks)

    assert.deepEqual([...columns.reason.subarray(0, 3)], [0, 0, 0])
  })

  it('become dead letters elsewhere, and no others with them', () => {
    const isElsewhere = (key: string) => partitionForKey(Buffer.from(key), taskCount) !== home
    const strayed = Array.from({ length: 100 }, (_, id) => `${id}`).find(isElsewhere)!
    const columns = rowsIn(home, recordOf('A', strayed), recordOf('A', '42'))

    refuseMisplaced(columns, tasks)

    assert.deepEqual([...columns.reason.subarray(0, 2)], [Reason.WRONG_PARTITION, 0])
    assert.equal(columns.side[0], noSide)
  })

  it('are left alone where they have left before', () => {
    const columns = rowsIn(home + 1, recordOf('A', '42'))
    columns.refuse(0, Reason.PART_MISSING)

    refuseMisplaced(columns, tasks)

    assert.equal(columns.reason[0], Reason.PART_MISSING)
  })
})
