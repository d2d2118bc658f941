import { partitionForKey } from '../../kafka/index.ts'
import type { ComparedKey, CompletedCounts } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { completedKey, type PutRecord } from '../checkpoint/checkpoint-topic.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { encodeRuns, keysByTime } from '../deduplication/completed-runs.ts'

/**
 * Writes the completed keys that a program remembers for those who go on with it in other tasks: in the order of time, each
 * to the task that further records of it will be of.
 *
 * @param manifests - Of the tasks that it leaves. @param taskCount - How many it goes to.
 * @returns By task, what its manifest is to say of them; undefined where none are remembered.
 */
export function moveKeys(
  records: CheckpointRecords,
  manifests: readonly Manifest[],
  put: PutRecord,
  taskCount: number,
): readonly CompletedCounts[] | undefined {
  if (manifests.every(({ completed }) => completed === undefined)) return undefined
  const counts = Array.from({ length: taskCount }, () => 0)
  for (const { keys, timeMs } of keysByTime(records, manifests)) {
    const byTask = new Map<number, ComparedKey[]>()
    for (const key of keys) {
      const task = partitionForKey(key.bytes, taskCount)
      const ofTask = byTask.get(task)
      if (ofTask === undefined) byTask.set(task, [key])
      else ofTask.push(key)
    }
    for (const [task, ofTask] of byTask) {
      for (const { run, value } of encodeRuns(ofTask, counts[task]!, timeMs)) {
        put(completedKey(task, run.from), value, task)
        counts[task] = run.to
      }
    }
  }
  return counts.map((count) => ({ count, forgotten: 0 }))
}
