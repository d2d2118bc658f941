import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { Decoder, OutputBuilder, PendingTable, Reason, RecordColumns, sourceSlackBytes } from '../kernel/index.ts'
import { EpochCounts } from './accounting.ts'
import type { CompletedCounts } from './checkpoint/manifest.ts'
import { RememberedKeys } from './remembered-keys.ts'

const memory = { keysMax: 12, forMs: 30, by: 'processingTime' } as const

/** An epoch: how many keys it completes, how time goes on, whether it is swept, and how it ends. */
const epoch = fc.record({
  completed: fc.oneof(fc.nat(3), fc.nat(30)),
  laterMs: fc.nat(20),
  isSwept: fc.boolean(),
  outcome: fc.constantFrom('committed', 'committed', 'rolled back', 'restarted'),
})

/** What the checkpoint topic holds, and the program that is between its epochs. */
class Program {
  readonly topic = new Map<string, Uint8Array>()
  #counts: CompletedCounts = { count: 0, forgotten: 0 }
  #table = newTable()
  #remembered = new RememberedKeys(memory, this.#table)

  /** Completes keys in an epoch, and closes it. */
  run(keys: readonly number[], nowMs: number, { isSwept, outcome }: { isSwept: boolean; outcome: string }): void {
    this.#apply(keys.flatMap((key) => [recordOf('A', key), recordOf('B', key)]))
    if (isSwept) while (!this.#table.sweep(-Infinity, 1_000, new EpochCounts([0]))) {}
    const puts: [string, Uint8Array | undefined][] = []
    const counts = this.#remembered.close((...put) => puts.push(put), nowMs)
    this.#table.beginEpoch()
    if (outcome === 'rolled back') return this.#rollback()
    for (const [name, value] of puts) {
      if (value === undefined) assert.ok(this.topic.delete(name), name)
      else this.topic.set(name, Uint8Array.from(value))
    }
    this.#counts = counts
    this.#table.commitEpoch()
    this.#remembered.settle()
    if (outcome === 'restarted') this.#restart()
  }

  /** Which of the keys are known for completed. */
  known(keys: readonly number[]): number[] {
    const columns = this.#apply(keys.map((key) => recordOf('B', key)))
    this.#rollback()
    return keys.filter((_, row) => columns.reason[row] === Reason.COMPLETED)
  }

  #apply(records: readonly string[]): RecordColumns {
    const columns = columnsOf(records)
    this.#table.apply(columns, new EpochCounts([0]))
    this.#table.flush()
    return columns
  }

  #rollback(): void {
    this.#table.rollback()
    this.#remembered.rollback()
  }

  #restart(): void {
    this.#table = newTable()
    this.#remembered = new RememberedKeys(memory, this.#table)
    this.#remembered.recall(this.topic, this.#counts)
  }
}

function newTable(): PendingTable {
  const table = new PendingTable({
    sideCount: 2,
    bytesMax: 1 << 20,
    hashSeed: [1, 2],
    duplicateReason: Reason.DUPLICATE,
    tooLargeReason: Reason.MERGE_TOO_LARGE,
    completedReason: Reason.COMPLETED,
  })
  const name = Buffer.from('""')
  table.publishTo({
    keyName: name,
    sideNames: [name, name],
    recordBytesMax: 1_000,
    out: new OutputBuilder({ sink: 0, partitionCount: 1, batchBytes: 4_096, onFilled() {} }),
    refuse: () => assert.fail('all are small'),
    expire: () => assert.fail('nothing expires'),
  })
  return table
}

/** Every third key is a string. */
function recordOf(side: string, key: number): string {
  return JSON.stringify({ side, key: key % 3 === 0 ? `${key}` : key })
}

const decoder = new Decoder({
  route: ['side'],
  mergeKey: ['key'],
  sides: ['A', 'B'].map((name) => ({ name, part: { kind: 'record' } })),
  depthMax: 10,
  keyBytesMax: 100,
})

function columnsOf(records: readonly string[]): RecordColumns {
  const bytes = new Uint8Array(Buffer.from(records.join('') + ' '.repeat(sourceSlackBytes)))
  const columns = new RecordColumns()
  columns.reset(0, bytes, new DataView(bytes.buffer))
  let end = 0
  records.forEach((record, row) => {
    columns.recordStart[row] = columns.valueStart[row] = end
    end += record.length
    columns.recordEnd[row] = columns.valueEnd[row] = end
    columns.offset[row] = row
  })
  columns.count = records.length
  decoder.decode(columns)
  return columns
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
          // What is forgotten leaves no trace: the topic is bound to what is remembered, not to how long the program runs.
          assert.ok(program.topic.size <= all.length - forgotten)
        }
      }),
      20,
    )
  })
})
