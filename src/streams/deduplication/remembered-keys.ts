import type { ComparedKey, CompletedCounts, PendingTable } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { DeadlineClock } from '../expiry/deadline-clock.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import type { Memory } from '../topology/plan-leaving.ts'
import { type KeptRun, TaskKeys } from './task-keys.ts'

/**
 * Which completed keys the table remembers, and what of them stands in the checkpoint: they are written with the epoch
 * that completed them, and deleted with the one that forgets them. A key is forgotten when an epoch ends, so that each
 * life of a program forgets it at the same place. Tasks count, and forget, their keys each by itself: so what is
 * remembered of a task does not depend on which others its member has, and goes with it.
 */
export class RememberedKeys implements EpochParticipant {
  readonly #clock: DeadlineClock
  /** By task; only those of this member. */
  readonly #tasks: ReadonlyMap<number, TaskKeys>

  /**
   * @param clock - By which keys are forgotten.
   * @param tasks - Those of this member.
   * @param areKept - Whether the table is in shards elsewhere, to which the keys are given: then they are not in the one
   * here, which only counts them.
   */
  constructor(
    { forMs, keysMax }: Memory,
    table: PendingTable,
    clock: DeadlineClock,
    { count, own }: Pick<Tasks, 'count' | 'own'> = oneTask,
    areKept = false,
  ) {
    this.#clock = clock
    // Shared out evenly: how many a task remembers must not depend on the other tasks.
    const memory = { forMs, keysMax: Math.ceil(keysMax / count) }
    this.#tasks = new Map(own.map((task) => [task, new TaskKeys(task, memory, table, areKept)]))
  }

  /**
   * Has the table know what checkpoints say was completed, beyond what it knows.
   *
   * @param counts - By task; absent of one that has remembered nothing.
   * @throws MillraceError `CHECKPOINT_CORRUPT`; `TABLE_FULL`
   */
  recall(records: CheckpointRecords, counts: readonly (CompletedCounts | undefined)[]): void {
    for (const [task, keys] of this.#tasks) {
      const ofTask = counts[task]
      if (ofTask !== undefined) keys.recall(records, ofTask)
    }
  }

  /** The keys that are given to shards, as of the last committed epoch: of the one task that there is then. */
  get kept(): readonly KeptRun[] {
    return this.#tasks.get(0)!.kept
  }

  /** Of these, as of the epoch that was closed last. */
  get counts(): CompletedCounts {
    return this.#tasks.get(0)!.counts
  }

  /** Has the table here know what was to be given to shards. @throws MillraceError `TABLE_FULL` */
  takeIn(): void {
    for (const keys of this.#tasks.values()) keys.takeIn()
  }

  /** Writes the keys that the epoch has completed, and forgets those whose time has passed as it ends. */
  close({ put, closedMs, manifest, table }: ClosingEpoch): void {
    const nowMs = this.#clock.nowMs(closedMs)
    const completed = new Map<number, ComparedKey[]>()
    for (const key of table.completedKeys()) {
      const ofTask = completed.get(key.task)
      if (ofTask === undefined) completed.set(key.task, [key])
      else ofTask.push(key)
    }
    const counts: CompletedCounts[] = []
    for (const [task, keys] of this.#tasks) counts[task] = keys.close(completed.get(task) ?? [], nowMs, put)
    manifest.completedOfTasks = counts
  }

  commit(): void {
    for (const keys of this.#tasks.values()) keys.commit()
  }

  rollback(): void {
    for (const keys of this.#tasks.values()) keys.rollback()
  }
}
