import { type CheckpointRecords, manifestOf } from '../checkpoint/checkpoint-records.ts'
import { attemptOf } from '../poison/attempt.ts'

/**
 * The transactional ids of those who may have a transaction open that concerns some tasks. Each member notes with the
 * checkpoint of a task that it has begun, before it writes anything.
 */
export function lastWriters(records: CheckpointRecords, tasks: Iterable<number>): Set<string> {
  const writers = Array.from(tasks, (task) => [
    attemptOf(records, task)?.writer,
    manifestOf(records, task)?.task?.writer,
  ])
  return new Set(writers.flat().filter((writer) => writer !== undefined))
}
