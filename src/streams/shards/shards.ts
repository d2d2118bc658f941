import { type ComparedKey, decodeKeys, type PendingTable } from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import { isSweepDue, type SweepState } from '../expiry/table-sweep.ts'
import type { Expiry } from '../topology/plan-leaving.ts'
import type { ClosedShard } from './shard-messages.ts'

/** What of a session is in shards, as those see it who look at the program; it outlives restarts of operators. */
export class Shards {
  /** How many there are. */
  readonly count: number
  /** Whether they read records themselves; else they are given rows. */
  readonly areReading: boolean
  /** Pending rows, and bytes of their parts, when an epoch was closed last. */
  rowCount = 0
  liveBytes = 0
  /** Bytes of all memory of their tables. */
  memoryBytes = 0
  /** Of the shards that have rows. */
  #sweeps: readonly SweepState[] = []
  /** Whether a pass over rows that lack optional sides has begun that has not ended. */
  arePassing = false

  constructor(count: number, areReading: boolean) {
    this.count = count
    this.areReading = areReading
  }

  /** Whether rows may have to leave, by what is known since an epoch was closed last; one that is open closes anyway. */
  areRowsDue(expiry: Expiry, nowMs: number): boolean {
    return this.#sweeps.some((sweep) => isSweepDue(expiry, sweep, nowMs))
  }

  /** Whether a sweep has begun that has not ended. */
  get areSweeping(): boolean {
    return this.#sweeps.some(({ isSweeping }) => isSweeping)
  }

  /** A life has begun: sweeps begin with it. */
  beginSweeps(): void {
    this.arePassing = false
    this.#sweeps = [{ begunMs: -Infinity, isSweeping: false }]
  }

  /** An epoch has closed. */
  note(closed: readonly ClosedShard[]): void {
    this.#sweeps = closed.filter(({ rowCount }) => rowCount > 0).map(({ sweep }) => sweep)
    this.arePassing = closed.some(({ isPassing }) => isPassing)
    const sum = (of: (shard: ClosedShard) => number) => closed.reduce((total, shard) => total + of(shard), 0)
    this.rowCount = sum(({ rowCount }) => rowCount)
    this.liveBytes = sum(({ liveBytes }) => liveBytes)
    this.memoryBytes = sum(({ memoryBytes }) => memoryBytes)
  }
}

/** What an epoch has changed in all shards, as one table tells it. */
export function changesOf(closed: readonly ClosedShard[]): Pick<PendingTable, 'epochChanges' | 'completedKeys'> {
  return {
    *completedKeys() {
      for (const { completed } of closed) {
        const keys: ComparedKey[] = []
        decodeKeys(completed.bytes, (key) => keys.push(key))
        for (const key of keys) yield { ...key, task: 0 }
      }
    },
    epochChanges(visit) {
      for (const { changes } of closed) {
        for (const { partition, chunk, bits, added, growth } of changes) visit(partition, chunk, bits, added, growth)
      }
    },
  }
}

/** Adds what shards have counted of an epoch. */
export function addCounts(counts: EpochCounts, closed: readonly ClosedShard[]): void {
  for (const shard of closed) {
    for (const [name, values] of Object.entries(shard.counts) as [keyof ClosedShard['counts'], Float64Array][]) {
      values.forEach((value, partition) => {
        if (value !== 0) counts[name][partition]! += value
      })
    }
    counts.mergedRows += shard.mergedRows
  }
}
