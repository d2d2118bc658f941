import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { type CompletedCounts, type PendingTable, Reason, type RecordColumns } from '../../kernel/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { processingTime } from '../expiry/deadline-clock.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { RememberedKeys } from './remembered-keys.ts'

const memory = { keysMax: 12, forMs: 30, by: 'processingTime' } as const

/**
 * An epoch: how many keys it completes, how time goes on, whether it is swept, how it ends, and whether a standby looks
 * at that.
 */
const epoch = fc.record({
  completed: fc.oneof(fc.nat(3), fc.nat(30)),
  laterMs: fc.nat(20),
  isSwept: fc.boolean(),
  outcome: fc.constantFrom('committed', 'committed', 'rolled back', 'restarted', 'taken over'),
  isFollowed: fc.boolean(),
})

interface Course {
  readonly isSwept: boolean
  readonly outcome: string
  readonly isFollowed: boolean
}

/** What the checkpoint topic holds, and the program that is between its epochs. */
class Program {
  readonly topic = new Map<string, Uint8Array>()
  #counts: CompletedCounts = { count: 0, forgotten: 0 }
  #table = rememberingTable()
  #remembered = new RememberedKeys(memory, this.#table, processingTime)
  #standby = rememberingTable()

  /** Completes keys in an epoch, and closes it. */
  run(keys: readonly number[], nowMs: number, { isSwept, outcome, isFollowed }: Course): void {
    this.#apply(keys.flatMap((key) => [record('A', key), record('B', key)]))
    if (isSwept) while (!this.#table.sweep(-Infinity, 1_000, new EpochCounts([0]))) {}
    const puts: [string, Uint8Array | undefined][] = []
    const epoch = closingEpoch({ put: (key, value) => puts.push([key, value]), closedMs: nowMs, table: this.#table })
    this.#remembered.close(epoch)
    this.#table.beginEpoch()
    if (outcome === 'rolled back') return this.#rollback()
    for (const [name, value] of puts) {
      if (value === undefined) assert.ok(this.topic.delete(name), name)
      else this.topic.set(name, Uint8Array.from(value))
    }
    this.#counts = epoch.manifest.completedOfTasks![0]!
    this.#table.commitEpoch()
    this.#remembered.commit()
    if (isFollowed) this.#follow()
    if (outcome === 'restarted') this.#goOn(rememberingTable())
    if (outcome !== 'taken over') return
    this.#goOn(this.#standby)
    this.#standby = rememberingTable()
  }

  /** Which of the keys are known for completed. */
  known(keys: readonly number[]): number[] {
    const columns = this.#apply(keys.map((key) => record('B', key)))
    this.#rollback()
    return keys.filter((_, row) => columns.reason[row] === Reason.COMPLETED)
  }

  #apply(records: readonly string[]): RecordColumns {
    const columns = rowsOf(records)
    this.#table.apply(columns, new EpochCounts([0]))
    this.#table.flush()
    return columns
  }

  #rollback(): void {
    this.#table.rollback()
    this.#remembered.rollback()
  }

  /** Brings the table of the standby here: it holds each key once. */
  #follow(): void {
    new RememberedKeys(memory, this.#standby, processingTime).recall(this.topic, [this.#counts])
    this.#standby.retain(() => true)
    assert.equal(this.#standby.rememberedCount, this.#counts.count - this.#counts.forgotten)
  }

  #goOn(table: PendingTable): void {
    this.#table = table
    this.#remembered = new RememberedKeys(memory, table, processingTime)
    this.#remembered.recall(this.topic, [this.#counts])
  }
}

/** Every third key is a string. */
function record(side: 'A' | 'B', key: number): string {
  return recordOf(side, key % 3 === 0 ? `${key}` : key)
}

describe('completed keys that are remembered', () => {
  it('are the last ones, for their time, after any epochs that commit, are rolled back, or are followed by a restart', () => {
    check(
      fc.property(fc.array(epoch, { minLength: 5, maxLength: 25 }), (epochs) => {
        const program = new Program()
        const completedMs: number[] = []
        let nowMs = 0
        let forgotten = 0
        for (const { completed, laterMs, ...how } of epochs) {
          nowMs += laterMs
          const isOver = (ms: number) => ms <= nowMs - memory.forMs
          const keys = Array.from({ length: completed }, (_, i) => completedMs.length + i)

          program.run(keys, nowMs, how)

          if (how.outcome !== 'rolled back') {
            const overCount = completedMs.filter(isOver).length
            completedMs.push(...keys.map(() => nowMs))
            forgotten = Math.max(forgotten, overCount, completedMs.length - memory.keysMax)
          }
          const all = Array.from(completedMs.keys())
          assert.deepEqual(program.known(all), all.slice(forgotten))
          // What is forgotten leaves no trace: the topic is bound to what is remembered, not to how long the program
          // runs.
          assert.ok(program.topic.size <= all.length - forgotten)
        }
      }),
      20,
    )
  })
})
