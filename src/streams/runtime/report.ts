import type { PartitionAccount } from '../epochs/accounting.ts'
import type { WrittenTopic } from '../observe/meters.ts'
import type { RunStatistics } from './statistics.ts'

/** What a program has done so far, as of its last committed epoch; the table and the statistics are as of now. */
export interface Report {
  /**
   * Since the program first started, in this process or others; of the active process. In the layouts `keyed` and
   * `routed` of the partitions of this process's tasks: what all have done `inspect({ wholeProgram: true })` tells.
   */
  readonly accounting: readonly PartitionAccount[]
  /** Whether every consumed offset has exactly one class, in every partition. */
  readonly isBalanced: boolean
  /** Source records consumed and merged records published by this process. */
  readonly records: number
  readonly mergedRecords: number
  /** What this process has written in epochs whose commit was acknowledged, by topic. */
  readonly written: readonly WrittenTopic[]
  /** In memory, which may be that of a standby, with those of which only the place is there. */
  readonly pendingRows: number
  readonly pendingBytes: number
  /** Pending parts of which only the place is in memory, with `whenFull: 'promote'`. */
  readonly coldParts: number
  /** Memory that the system has given for them, their index and logs. */
  readonly tableBytes: number
  readonly statistics: Readonly<RunStatistics>
  /** Of the subtopology that reads the merged records; absent where they are what the topology publishes. */
  readonly next?: SubtopologyReport
}

/** The report of a subtopology after the first one. */
export interface SubtopologyReport extends Report {
  readonly app: string
}
