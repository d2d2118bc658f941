import { assert } from '../../core/assert.ts'
import type { ComparedKey, CompletedCounts, PendingTable } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { completedKey, type PutRecord } from '../checkpoint/checkpoint-topic.ts'
import { type CompletedRun, encodeRuns, readRuns } from './completed-runs.ts'

/** How long, and how many, completed keys of one task are remembered. */
export interface TaskMemory {
  readonly forMs: number
  readonly keysMax: number
}

/**
 * The completed keys of one task.
 *
 * State: the records in the topic, oldest first; of the epoch that was closed, what it added to them and took away.
 */
export class TaskKeys {
  readonly #task: number
  readonly #memory: TaskMemory
  readonly #table: PendingTable
  #runs: CompletedRun[] = []
  #added: CompletedRun[] = []
  #droppedCount = 0
  /** As of the epoch that was closed last, and of the last one that has committed. */
  #closed: CompletedCounts = { count: 0, forgotten: 0 }
  #committed = this.#closed

  constructor(task: number, memory: TaskMemory, table: PendingTable) {
    this.#task = task
    this.#memory = memory
    this.#table = table
  }

  /** Has the table know what a checkpoint says was completed, beyond what it knows. */
  recall(records: CheckpointRecords, counts: CompletedCounts): void {
    const [task, table] = [this.#task, this.#table]
    const known = table.completed.of(task).count
    this.#closed = this.#committed = counts
    table.completed.resume(task, counts)
    this.#runs = readRuns(records, task, counts, (number, key) => {
      if (number >= known) table.recall(task, number, key)
    })
  }

  /**
   * Writes the keys that the epoch has completed, and forgets those whose time has passed as it ends.
   *
   * @returns What the manifest of the task says of them.
   */
  close(keys: Iterable<ComparedKey>, nowMs: number, put: PutRecord): CompletedCounts {
    const task = this.#task
    const { count } = this.#table.completed.of(task)
    const forgotten = this.#forgottenAt(nowMs)
    for (const { run, value } of encodeRuns(keys, this.#closed.count, nowMs)) {
      put(completedKey(task, run.from), value, task)
      this.#added.push(run)
    }
    while (this.#droppedCount < this.#runs.length && this.#runs[this.#droppedCount]!.to <= forgotten) {
      put(completedKey(task, this.#runs[this.#droppedCount++]!.from), undefined, task)
    }
    this.#table.completed.forget(task, forgotten)
    this.#closed = { count, forgotten }
    return this.#closed
  }

  commit(): void {
    this.#runs.splice(0, this.#droppedCount)
    this.#runs.push(...this.#added)
    this.#committed = this.#closed
    const { count, forgotten } = this.#committed
    assert(
      (this.#runs[0]?.from ?? count) <= forgotten && (this.#runs.at(-1)?.to ?? count) === count,
      'the checkpoint has all completed keys that are not forgotten',
    )
    this.#droppedCount = 0
    this.#added = []
  }

  /** Knows again what has been forgotten since the last committed epoch. */
  rollback(): void {
    this.#closed = this.#committed
    this.#table.completed.forget(this.#task, this.#committed.forgotten)
    this.#droppedCount = 0
    this.#added = []
  }

  /** How many keys, the first that were completed, are forgotten from this time on. */
  #forgottenAt(nowMs: number): number {
    const { keysMax, forMs } = this.#memory
    const { count, forgotten: before } = this.#table.completed.of(this.#task)
    let forgotten = Math.max(before, count - keysMax)
    for (const { to, timeMs } of this.#runs) {
      if (timeMs > nowMs - forMs) break
      // Where the time is not known, that of a later run says that this one is over too.
      if (timeMs !== -Infinity) forgotten = Math.max(forgotten, to)
    }
    return forgotten
  }
}
