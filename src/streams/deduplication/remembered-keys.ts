import { assert } from '../../core/assert.ts'
import type { PendingTable } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { completedKey } from '../checkpoint/checkpoint-topic.ts'
import { type CompletedRun, encodeRuns, readRuns } from './completed-runs.ts'
import type { CompletedCounts } from '../checkpoint/manifest.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { DeadlineClock } from '../expiry/deadline-clock.ts'
import type { Memory } from '../topology/plan-leaving.ts'

/**
 * Which completed keys the table remembers, and what of them stands in the checkpoint: they are written with the epoch
 * that completed them, and deleted with the one that forgets them. A key is forgotten when an epoch ends, so that each
 * life of a program forgets it at the same place.
 *
 * State: the records in the topic, oldest first; of the epoch that was closed, what it added to them and took away.
 */
export class RememberedKeys implements EpochParticipant {
  readonly #memory: Memory
  readonly #table: PendingTable
  readonly #clock: DeadlineClock
  #runs: CompletedRun[] = []
  #added: CompletedRun[] = []
  #droppedCount = 0
  /** As of the epoch that was closed last, and of the last one that has committed. */
  #closed: CompletedCounts = { count: 0, forgotten: 0 }
  #committed = this.#closed

  /** @param clock - By which keys are forgotten. */
  constructor(memory: Memory, table: PendingTable, clock: DeadlineClock) {
    this.#memory = memory
    this.#table = table
    this.#clock = clock
  }

  /**
   * Has the table know what a checkpoint says was completed, beyond what it knows.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT`; `TABLE_FULL`
   */
  recall(records: CheckpointRecords, counts: CompletedCounts): void {
    const table = this.#table
    const known = table.completedCount
    this.#closed = this.#committed = counts
    table.resume(counts.count, counts.forgotten)
    this.#runs = readRuns(records, counts, (number, key) => {
      if (number >= known) table.recall(number, key)
    })
  }

  /** Writes the keys that the epoch has completed, and forgets those whose time has passed as it ends. */
  close({ put, closedMs, manifest }: ClosingEpoch): void {
    const table = this.#table
    const nowMs = this.#clock.nowMs(closedMs)
    const forgotten = this.#forgottenAt(nowMs)
    assert(forgotten <= table.completedCount, 'only completed keys are forgotten')
    for (const { run, value } of encodeRuns(table.completedKeys(), this.#closed.count, nowMs)) {
      put(completedKey(run.from), value)
      this.#added.push(run)
    }
    while (this.#droppedCount < this.#runs.length && this.#runs[this.#droppedCount]!.to <= forgotten) {
      put(completedKey(this.#runs[this.#droppedCount++]!.from), undefined)
    }
    table.forgottenCount = forgotten
    manifest.completed = this.#closed = { count: table.completedCount, forgotten }
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
    this.#table.forgottenCount = this.#committed.forgotten
    this.#droppedCount = 0
    this.#added = []
  }

  /** How many keys, the first that were completed, are forgotten from this time on. */
  #forgottenAt(nowMs: number): number {
    const { keysMax, forMs } = this.#memory
    let forgotten = Math.max(this.#table.forgottenCount, this.#table.completedCount - keysMax)
    for (const { to, timeMs } of this.#runs) {
      if (timeMs > nowMs - forMs) break
      // Where the time is not known, that of a later run says that this one is over too.
      if (timeMs !== -Infinity) forgotten = Math.max(forgotten, to)
    }
    return forgotten
  }
}
