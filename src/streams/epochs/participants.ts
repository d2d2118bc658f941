import type { CheckpointWriter } from '../checkpoint/checkpoint-writer.ts'
import type { ManifestWriter } from '../checkpoint/manifest-writer.ts'
import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { RememberedKeys } from '../deduplication/remembered-keys.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import type { PendingReads } from '../reads/pending-reads.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import type { ProgramTables } from '../tables/program-tables.ts'
import type { MergeSpans } from '../tracing/merge-spans.ts'
import type { WindowRows } from '../windows/window-rows.ts'
import type { AcceptedLoss } from './accepted-loss.ts'
import type { Accounting } from './accounting.ts'
import type { EpochParticipant } from './epoch-participant.ts'
import type { RetakenParts } from './retaken-parts.ts'
import type { TableEpochs } from './table-epochs.ts'

/** All that epochs change. */
export interface Participants {
  readonly loss: AcceptedLoss
  readonly retaken: RetakenParts
  readonly pending: PendingOffsets
  /** Absent where completed keys are not remembered. */
  readonly remembered: RememberedKeys | undefined
  /** Absent where nothing goes by event time. */
  readonly eventClock: EventClock | undefined
  readonly deltas: CheckpointWriter
  readonly promoted: PromotedParts
  readonly accounting: Accounting
  /** Absent where functions have none. */
  readonly tables: ProgramTables | undefined
  /** Absent where there are no windows. */
  readonly windows: WindowRows | undefined
  readonly reads: PendingReads
  readonly table: TableEpochs
  /** Absent where no trace is followed. */
  readonly spans: MergeSpans | undefined
  readonly manifest: ManifestWriter
}

/** The participants of epochs, in the order in which they close and commit; they roll back in the opposite one. */
export function inOrder(all: Participants): EpochParticipant[] {
  const declared: readonly (EpochParticipant | undefined)[] = [
    // Rolled back last: it is counted in the current epoch again, once the others have emptied that.
    all.loss,
    // Before the table's log says which of them are pending still.
    all.retaken,
    // Before those that write or ask which offsets are pending at the end of the epoch.
    all.pending,
    // Before the event clock, which closes with the time that keys were forgotten by.
    all.remembered,
    all.eventClock,
    all.deltas,
    all.promoted,
    all.accounting,
    all.tables,
    all.windows,
    all.reads,
    // After those that read its log of the epoch: `pending` and `remembered`.
    all.table,
    all.spans,
    // After all that add entries to it, and last in the checkpoint topic: with this record the epoch is whole.
    all.manifest,
  ]
  return declared.filter((participant) => participant !== undefined)
}
