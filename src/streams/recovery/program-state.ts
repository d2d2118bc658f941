import type { OutputBuilder, PendingTable } from '../../kernel/index.ts'
import { type CheckpointWriter, pieceBytesOf, putInto } from '../checkpoint/checkpoint-writer.ts'
import { ManifestWriter, type ProgramIdentity } from '../checkpoint/manifest-writer.ts'
import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { RememberedKeys } from '../deduplication/remembered-keys.ts'
import { AcceptedLoss } from '../epochs/accepted-loss.ts'
import { type Accounting, assertOneClassEach } from '../epochs/accounting.ts'
import type { Participating } from '../epochs/epoch-participant.ts'
import { Epochs } from '../epochs/epochs.ts'
import type { PartitionLoss } from '../epochs/loss.ts'
import { inOrder } from '../epochs/participants.ts'
import { RetakenParts } from '../epochs/retaken-parts.ts'
import { TableEpochs } from '../epochs/table-epochs.ts'
import { type DeadlineClock, processingTime } from '../expiry/deadline-clock.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import type { ToldNumbers } from '../lists/told-numbers.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { ProgramTables } from '../tables/program-tables.ts'
import type { WindowRows } from '../windows/window-rows.ts'
import type { MergeSpans } from '../tracing/merge-spans.ts'
import { PendingReads } from '../reads/pending-reads.ts'
import { ColdParts } from '../cold/cold-parts.ts'
import { PartsReadAgain } from './parts-read-again.ts'
import { Restoration, type RestorationBase } from './restoration.ts'

/** The table as operators use it: which epoch its changes belong to is the concern of `Epochs`. */
export type StateTable = Omit<PendingTable, 'beginEpoch' | 'commitEpoch' | 'rollback' | 'settle' | 'movedRows'>

/**
 * What a program knows of its records: all that epochs change, and how far they are. Its parts take part in epochs by
 * themselves.
 */
export interface ProgramState {
  readonly epochs: Epochs
  readonly table: StateTable
  /** By which keys are hashed. */
  readonly hashSeed: ProgramIdentity['hashSeed']
  readonly accounting: Participating<Accounting>
  readonly pending: Participating<PendingOffsets>
  readonly promoted: Participating<PromotedParts>
  /** What parts tell of lists; absent where they tell nothing. */
  readonly told: ToldNumbers | undefined
  /** Absent where nothing goes by event time. */
  readonly eventClock: Participating<EventClock> | undefined
  /** Absent where completed keys are not remembered. */
  readonly remembered: Participating<RememberedKeys> | undefined
  /** Tables that functions use; absent where they have none. */
  readonly tables: Participating<ProgramTables> | undefined
  /** Absent where there are no windows. */
  readonly windows: Participating<WindowRows> | undefined
  /** Absent where no trace is followed. */
  readonly spans: Participating<MergeSpans> | undefined
  /** Reads of the pending rows. */
  readonly reads: Participating<PendingReads>
  /** By which rows expire and completed keys are forgotten. */
  readonly deadlines: DeadlineClock
  /** What the source has lost and the operator has accepted. */
  readonly loss: Participating<AcceptedLoss>
  /** What is taken in again under other keys. */
  readonly retaken: Participating<RetakenParts>
  /**
   * Whether an epoch is to commit before anything new is read: it fixes where a new program begins, counts a loss, or
   * has taken in pending parts again.
   */
  readonly isEpochDue: boolean
  /** What is to be read again before the first epoch. */
  readonly restoration: Restoration
  /** Pending parts that are not in the table; absent where all are. */
  readonly cold: ColdParts | undefined
  /** Takes those into the table that come back. */
  readonly readAgain: PartsReadAgain
  /** Those that it is of. */
  readonly tasks: Tasks
}

/** The same with the table as recovery has it. */
export interface RecoveredState extends ProgramState {
  readonly table: PendingTable
}

export interface StateParts {
  /** Name of the program. */
  app: string
  identity: ProgramIdentity
  table: PendingTable
  accounting: Accounting
  /** Of the last committed epoch; 0 before the first. */
  epoch: number
  pending: PendingOffsets
  promoted: PromotedParts
  deltas: CheckpointWriter
  /** Absent where parts tell nothing of lists. */
  told?: ToldNumbers | undefined
  /** Absent where nothing goes by event time. */
  eventClock: EventClock | undefined
  /** Absent where completed keys are not remembered. */
  remembered?: RememberedKeys | undefined
  /** Absent where functions have none. */
  tables?: ProgramTables | undefined
  /** Absent where there are none. */
  windows?: WindowRows | undefined
  /** Absent where no trace is followed. */
  spans?: MergeSpans | undefined
  /** What the source has lost since, by partition, and is accepted. */
  loss?: readonly PartitionLoss[] | undefined
  /** Whether the digest of the pending parts is known. @defaultValue true */
  hasDigest?: boolean
  /** Which partition of a source each number means, for people. */
  partitions: Pick<SourcePartitions, 'placeOf' | 'text' | 'isFirst'>
  /** Whether the first epoch is to commit before anything is read. @defaultValue false */
  fixesStart?: boolean
  /** Whether the checkpoint is of another version of the program. @defaultValue false */
  isMigrated?: boolean
  /** Whether pending parts have other keys in this version. @defaultValue false */
  isRetaken?: boolean
  /** Bytes for pending parts where the oldest leave the table when it is full. @defaultValue all are in the table */
  coldFromBytes?: number | undefined
  /** What the table has already. @defaultValue nothing */
  base?: RestorationBase | undefined
  /** Those that it is of. @defaultValue the one that there is */
  tasks?: Tasks | undefined
}

/** The state of a program after its last committed epoch. */
export function stateOf(parts: StateParts): RecoveredState {
  const {
    identity,
    table,
    accounting,
    epoch,
    pending,
    promoted,
    deltas,
    told,
    eventClock,
    remembered,
    tables,
    windows,
    spans,
    base,
    tasks = oneTask,
  } = parts
  const loss = new AcceptedLoss({ accounting, pending, promoted, partitions: parts.partitions }, parts.loss)
  const { isRetaken = false } = parts
  const retaken = new RetakenParts(pending, isRetaken && pending.count > 0)
  const { coldFromBytes, partitions, isMigrated = false, hasDigest = true } = parts
  const cold = coldFromBytes === undefined ? undefined : new ColdParts(table, coldFromBytes)
  const reads = new PendingReads({
    app: parts.app,
    table,
    cold,
    isWhole: () => restoration.isDone && !loss.isDue && !retaken.isDue,
    epoch,
  })
  const participants = inOrder({
    loss,
    retaken,
    pending,
    remembered,
    eventClock,
    deltas,
    promoted,
    accounting,
    tables,
    windows,
    reads,
    table: new TableEpochs(table),
    spans,
    manifest: new ManifestWriter(identity, tasks),
  })
  const epochs = new Epochs(participants, epoch)
  const readAgain = new PartsReadAgain({ table, told, isMigrated, partitions })
  const restoration = new Restoration({
    table,
    pending,
    promoted,
    accounting,
    epochs,
    told,
    readAgain,
    cold,
    base,
    retaken,
    hasDigest: hasDigest && !loss.isDue,
    partitions,
  })
  const deadlines = eventClock ?? processingTime
  const { fixesStart = false } = parts
  return {
    epochs,
    table,
    hashSeed: identity.hashSeed,
    accounting,
    pending,
    promoted,
    told,
    eventClock,
    remembered,
    tables,
    windows,
    spans,
    reads,
    deadlines,
    loss,
    retaken,
    get isEpochDue() {
      return loss.isDue || retaken.isDue || (fixesStart && epochs.committed === epoch)
    },
    restoration,
    cold,
    readAgain,
    tasks,
  }
}

/**
 * Closes the current epoch of a program, and writes its checkpoint.
 *
 * @param changes - What the epoch has changed of what is pending. @defaultValue what the table says
 * @returns The offsets that it reaches to, by number of the source partition.
 */
export function closeEpoch(
  state: ProgramState,
  out: OutputBuilder,
  closedMs: number,
  changes: Pick<PendingTable, 'epochChanges' | 'completedKeys'> = state.table,
) {
  const { epochs, accounting, pending, tasks } = state
  const epoch = accounting.current
  epochs.close({ closedMs, table: changes, put: putInto(out, tasks), pieceBytes: pieceBytesOf(out) })
  assertOneClassEach(epoch, accounting.committedOffsets, pending.sets)
  return epoch.nextOffsets
}
