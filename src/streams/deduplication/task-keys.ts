import { assert } from '../../core/assert.ts'
import { type ComparedKey, type CompletedCounts, decodeKeys, type PendingTable } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { completedKey, type PutRecord } from '../checkpoint/checkpoint-topic.ts'
import { type CompletedRun, encodeRuns, readRuns } from './completed-runs.ts'

/** A run whose keys are known where the table is elsewhere. */
type KnownRun = Omit<CompletedRun, 'bytes'> & { readonly bytes: Uint8Array | undefined }

/** Keys as `encodeKeys` has made bytes of them, by the number of the first. */
export type KeptRun = Pick<CompletedRun, 'from' | 'bytes'>

/** How long, and how many, completed keys of one task are remembered. */
export interface TaskMemory {
  readonly forMs: number
  readonly keysMax: number
}

/**
 * The completed keys of one task.
 *
 * State: the records in the topic, oldest first, with their keys where the table is in shards, which may lose them; of
 * the epoch that was closed, what it added to them and took away.
 */
export class TaskKeys {
  readonly #task: number
  readonly #memory: TaskMemory
  readonly #table: PendingTable
  /** Whether the table is elsewhere. */
  #areKept: boolean
  #runs: KnownRun[] = []
  #added: KnownRun[] = []
  #droppedCount = 0
  /** As of the epoch that was closed last, and of the last one that has committed. */
  #closed: CompletedCounts = { count: 0, forgotten: 0 }
  #committed = this.#closed

  constructor(task: number, memory: TaskMemory, table: PendingTable, areKept: boolean) {
    this.#task = task
    this.#memory = memory
    this.#table = table
    this.#areKept = areKept
  }

  /** Has the table know what a checkpoint says was completed, beyond what it knows. */
  recall(records: CheckpointRecords, counts: CompletedCounts): void {
    const [task, table] = [this.#task, this.#table]
    const known = table.completed.of(task).count
    this.#closed = this.#committed = counts
    table.completed.resume(task, counts)
    const runs = readRuns(records, task, counts, (number, key) => {
      if (number >= known && !this.#areKept) table.recall(task, number, key)
    })
    this.#runs = runs.map((run) => this.#known(run))
  }

  /** Those that are not forgotten, as of the last committed epoch, where they are kept. */
  get kept(): readonly KeptRun[] {
    return this.#runs.map(({ from, bytes }) => ({ from, bytes: bytes! }))
  }

  /** As of the epoch that was closed last. */
  get counts(): CompletedCounts {
    return this.#closed
  }

  /** Has the table here know those that were kept for one elsewhere. */
  takeIn(): void {
    const { forgotten } = this.#committed
    for (const { from, bytes } of this.kept) {
      decodeKeys(bytes, (key, at) => {
        if (from + at >= forgotten) this.#table.recall(this.#task, from + at, key)
      })
    }
    this.#areKept = false
    this.#runs = this.#runs.map((run) => ({ ...run, bytes: undefined }))
  }

  /**
   * Writes the keys that the epoch has completed, and forgets those whose time has passed as it ends.
   *
   * @returns What the manifest of the task says of them.
   */
  close(keys: readonly ComparedKey[], nowMs: number, put: PutRecord): CompletedCounts {
    const task = this.#task
    const count = this.#closed.count + keys.length
    const forgotten = this.#forgottenAt(nowMs, count)
    for (const { run, value } of encodeRuns(keys, this.#closed.count, nowMs)) {
      put(completedKey(task, run.from), value, task)
      this.#added.push(this.#known(run))
    }
    while (this.#droppedCount < this.#runs.length && this.#runs[this.#droppedCount]!.to <= forgotten) {
      put(completedKey(task, this.#runs[this.#droppedCount++]!.from), undefined, task)
    }
    this.#closed = { count, forgotten }
    this.#table.completed.resume(task, this.#closed)
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
    this.#table.completed.resume(this.#task, this.#committed)
    this.#droppedCount = 0
    this.#added = []
  }

  #known(run: CompletedRun): KnownRun {
    return this.#areKept ? run : { ...run, bytes: undefined }
  }

  /** How many keys, the first that were completed, are forgotten from this time on. */
  #forgottenAt(nowMs: number, count: number): number {
    const { keysMax, forMs } = this.#memory
    let forgotten = Math.max(this.#closed.forgotten, count - keysMax)
    for (const { to, timeMs } of this.#runs) {
      if (timeMs > nowMs - forMs) break
      // Where the time is not known, that of a later run says that this one is over too.
      if (timeMs !== -Infinity) forgotten = Math.max(forgotten, to)
    }
    return forgotten
  }
}
