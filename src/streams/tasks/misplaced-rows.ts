import { partitionForKey } from '../../kafka/index.ts'
import { noSide, Reason, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import type { Tasks } from './tasks.ts'

/** Makes dead letters of rows that are not in the partition of their merge key: other parts of it are in another task. */
export function refuseMisplaced(columns: RecordColumns, { count: taskCount, taskOf }: Tasks): void {
  const { count, side, flags, keyStart, keyEnd, partition } = columns
  const task = taskOf(partition)
  for (let row = 0; row < count; row++) {
    if (side[row] === noSide) continue
    const bytes = (flags[row]! & rowFlags.keyInExtra) === 0 ? columns.bytes : columns.extra.bytes
    if (partitionForKey(bytes, taskCount, keyStart[row], keyEnd[row]) === task) continue
    columns.refuse(row, Reason.WRONG_PARTITION)
  }
}
