import type { RecordColumns } from '../../kernel/index.ts'
import type { EpochSchedule } from '../epochs/epoch-schedule.ts'
import type { CarefulMode } from '../poison/careful-mode.ts'
import type { Lives } from '../runtime/life.ts'
import type { Sources } from '../topics/sources.ts'
import type { Shards } from '../shards/shards.ts'
import type { Compatibility } from './compatibility.ts'
import type { ProgramState, RecoveredState } from './program-state.ts'

/** What operators share while pending parts are read again, also in a standby. */
export interface RestoringSession {
  readonly state: ProgramState
  readonly sources: Sources
  readonly lives: Lives
  /**
   * Operators whose function failed on the last records that it saw, and sources whose last records are dead letters
   * where that may stop the program: whether the fault is the records' is not known yet.
   */
  readonly openStreaks: Set<string>
  /** Absent where the table is on the main thread. */
  readonly shards?: Shards | undefined
}

/** Sees rows that have been restored, with their side and key. The columns are valid until what it returns is settled. */
export type RestoredVisit = (columns: RecordColumns) => Promise<void> | undefined

/**
 * What operators share since this process became the active one: all that recovery has found and made. It outlives
 * restarts of operators; the state goes to the epoch that the broker says was the last.
 */
export interface Session extends RestoringSession {
  readonly compatibility: Compatibility
  /** Offsets after what was in the sources when this process became the active one, by number of the partition. */
  readonly endOffsets: readonly number[]
  readonly careful: CarefulMode
  /** What it has learnt of the brokers holds in the next life. */
  readonly schedule: EpochSchedule
}

/** The same with the state as recovery has it. */
export interface RecoveredSession extends Session {
  readonly state: RecoveredState
}
