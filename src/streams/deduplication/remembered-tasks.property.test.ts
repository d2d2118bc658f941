import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { type CompletedCounts, type PendingTable, Reason } from '../../kernel/index.ts'
import type { PutRecord } from '../checkpoint/checkpoint-topic.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { processingTime } from '../expiry/deadline-clock.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { RememberedKeys } from './remembered-keys.ts'

const taskCount = 3
const tasks = { count: taskCount, taskOf: (partition: number) => partition % taskCount }
/** Two partitions of each task, as of two sources. */
const partitionCount = 2 * taskCount
const memory = { keysMax: 18, forMs: 30, by: 'processingTime' } as const
const keysMaxOfTask = memory.keysMax / taskCount

/** An epoch of a member: how many keys each of its tasks completes in it, and who has which task after it. */
const epoch = fc.record({
  member: fc.nat(1),
  completed: fc.array(fc.nat(4), { minLength: taskCount, maxLength: taskCount }),
  laterMs: fc.nat(20),
  isSwept: fc.boolean(),
  outcome: fc.constantFrom('committed', 'committed', 'rolled back', 'restarted'),
  owners: fc.option(fc.array(fc.nat(1), { minLength: taskCount, maxLength: taskCount }), { freq: 2 }),
})

/** The topic, and what the manifest of each task says in it. */
class Checkpoint {
  readonly records = new Map<string, Uint8Array>()
  readonly counts: (CompletedCounts | undefined)[] = []
}

/** A member, between its epochs. */
class Member {
  readonly #checkpoint: Checkpoint
  #table = rememberingTable(tasks)
  #remembered!: RememberedKeys
  own: readonly number[] = []

  constructor(checkpoint: Checkpoint, own: readonly number[]) {
    this.#checkpoint = checkpoint
    this.goOn(own)
  }

  /** Completes these keys of its tasks in an epoch, and closes it; returns whether that has committed. */
  run(keys: readonly number[], nowMs: number, isSwept: boolean, outcome: string): boolean {
    apply(this.#table, keys, ['A', 'B'])
    if (isSwept) while (!this.#table.sweep(-Infinity, 1_000, counters())) {}
    const puts: [string, Uint8Array | undefined, number | undefined][] = []
    const put = (...[key, value, task]: Parameters<PutRecord>) => puts.push([key, value, task])
    const closing = closingEpoch({ put, closedMs: nowMs, table: this.#table })
    this.#remembered.close(closing)
    this.#table.beginEpoch()
    if (outcome === 'rolled back') {
      this.#rollback()
      return false
    }
    const { records, counts } = this.#checkpoint
    for (const [name, value, task] of puts) {
      assert.ok(this.own.includes(task!), 'it stands with the checkpoint of its task')
      if (value === undefined) assert.ok(records.delete(name), name)
      else records.set(name, Uint8Array.from(value))
    }
    closing.manifest.completedOfTasks!.forEach((each, task) => (counts[task] = each))
    this.#table.commitEpoch()
    this.#remembered.commit()
    if (outcome === 'restarted') this.#begin(rememberingTable(tasks))
    return true
  }

  /** Goes on with these tasks, and with its table. */
  goOn(own: readonly number[]): void {
    this.own = own
    this.#table.completed.leaveAllBut(own)
    this.#table.retain(() => true)
    this.#table.settle()
    assert.equal(this.#table.unsweptCount, 0)
    this.#begin(this.#table)
    const ofTasks = own.map((task) => this.#checkpoint.counts[task] ?? { count: 0, forgotten: 0 })
    assert.equal(
      this.#table.completed.rememberedCount,
      ofTasks.reduce((sum, { count, forgotten }) => sum + count - forgotten, 0),
    )
  }

  /** Which of the keys are known for completed. */
  known(keys: readonly number[]): number[] {
    const isKnown = apply(this.#table, keys, ['B'])
    this.#rollback()
    return keys.filter((key) => isKnown.get(key))
  }

  #begin(table: PendingTable): void {
    this.#table = table
    this.#remembered = new RememberedKeys(memory, table, processingTime, { count: taskCount, own: this.own })
    this.#remembered.recall(this.#checkpoint.records, this.#checkpoint.counts)
  }

  #rollback(): void {
    this.#table.rollback()
    this.#remembered.rollback()
  }
}

/** Takes in parts of keys, each in a partition of its task; returns of which the last one was a duplicate. */
function apply(table: PendingTable, keys: readonly number[], sides: readonly ('A' | 'B')[]): Map<number, boolean> {
  const isDuplicate = new Map<number, boolean>()
  for (const key of keys) {
    for (const side of sides) {
      const partition = (key % taskCount) + (side === 'A' ? 0 : taskCount)
      const columns = rowsOf([recordOf(side, key)], partition)
      table.apply(columns, counters())
      isDuplicate.set(key, columns.reason[0] === Reason.COMPLETED)
    }
  }
  table.flush()
  return isDuplicate
}

function counters(): EpochCounts {
  return new EpochCounts(Array.from({ length: partitionCount }, () => 0))
}

describe('completed keys of tasks', () => {
  it('go with their tasks from member to member, and are forgotten for each of them by itself', () => {
    check(
      fc.property(fc.array(epoch, { minLength: 5, maxLength: 25 }), (epochs) => {
        const checkpoint = new Checkpoint()
        const members = [new Member(checkpoint, [0, 1]), new Member(checkpoint, [2])]
        const completedMs: number[][] = allTasks().map(() => [])
        const forgotten = allTasks().map(() => 0)
        const keyOf = (task: number, number: number) => task + number * taskCount
        let nowMs = 0
        for (const { member: number, completed, laterMs, isSwept, outcome, owners } of epochs) {
          const member = members[number]!
          nowMs += laterMs
          const keys = member.own.flatMap((task) =>
            Array.from({ length: completed[task]! }, (_, at) => keyOf(task, completedMs[task]!.length + at)),
          )

          const isCommitted = member.run(keys, nowMs, isSwept, outcome)

          for (const task of isCommitted ? member.own : []) {
            const times = completedMs[task]!
            const overCount = times.findLastIndex((ms) => ms <= nowMs - memory.forMs) + 1
            times.push(...Array.from({ length: completed[task]! }, () => nowMs))
            forgotten[task] = Math.max(forgotten[task]!, overCount, times.length - keysMaxOfTask)
          }
          if (owners !== null) {
            // Who gives tasks up does so before others go on with them.
            const owned = members.map((_, at) => allTasks().filter((task) => owners[task] === at))
            members.forEach((each, at) => each.goOn(each.own.filter((task) => owned[at]!.includes(task))))
            members.forEach((each, at) => each.goOn(owned[at]!))
          }
          for (const each of members) {
            for (const task of each.own) {
              const all = completedMs[task]!.map((_, at) => keyOf(task, at))
              assert.deepEqual(each.known(all), all.slice(forgotten[task]))
            }
          }
        }
      }),
      20,
    )
  })
})

function allTasks(): number[] {
  return Array.from({ length: taskCount }, (_, task) => task)
}
