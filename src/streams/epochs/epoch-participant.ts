import type { PutRecord } from '../checkpoint/checkpoint-topic.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { CompletedCounts, PendingTable } from '../../kernel/index.ts'

/** Entries of the manifests that participants add, over all partitions. */
export type ManifestEntries = {
  -readonly [Name in Exclude<keyof Manifest, 'completed'>]?: Manifest[Name]
} & {
  /** What is pending at the end of the epoch, by task. */
  pendingOfTasks?: readonly Pick<Manifest, 'pending' | 'digest'>[]
  /** How many keys have been completed, by task; absent where they are not remembered. */
  completedOfTasks?: readonly CompletedCounts[]
}

/**
 * An epoch that is being closed: what its participants see of it, and where they write what has to outlast the process.
 */
export interface ClosingEpoch {
  readonly number: number
  /** By the time of day. */
  readonly closedMs: number
  /** What the epoch has changed in the table. */
  readonly table: Pick<PendingTable, 'epochChanges' | 'completedKeys'>
  /** Writes a record of the checkpoint, in the transaction of the epoch. */
  readonly put: PutRecord
  /** Bytes of the largest value to put, where a participant can cut what it writes into pieces. */
  readonly pieceBytes: number
  /** What the manifest will say; each participant adds its own entries. */
  readonly manifest: ManifestEntries
}

/**
 * A part of the program's state that changes with epochs. All participants go forward and back together: `Epochs` calls
 * them in the order of `participants.ts`, and nobody else does.
 *
 * None of the three waits, none does IO, and none asks for the state of another participant that has been called before
 * it in the same round, unless the order says why.
 */
export interface EpochParticipant {
  /**
   * Draws the border: what changed so far belongs to the epoch that is closed, what changes from now on to the next
   * one. Puts into the checkpoint what a later start needs. Called once per epoch, when the one before has ended.
   *
   * May throw: then the epoch is not sent, all participants are rolled back, and the epoch comes again.
   */
  close(epoch: ClosingEpoch): void
  /**
   * The closed epoch is durable: its changes can not be taken back any more. Changes of the current epoch are not
   * touched. Called once per closed epoch. Must not throw.
   */
  commit(): void
  /**
   * Takes back all that has not committed, of the closed epoch and of the current one. Idempotent, and called in any
   * state, after a `close` that has thrown too. Must not throw, unless the state is damaged and the program has to end.
   */
  rollback(): void
  /**
   * Takes in partitions that the source was given: the current epoch and those before have consumed nothing of them.
   * May be called while an epoch is closed. Absent where nothing is kept by partition.
   *
   * @param logEnds - Offsets after the last records, of all partitions of the source.
   */
  grow?(logEnds: readonly number[]): void
}

/** A participant as others may use it: what only `Epochs` may call is not there. */
export type Participating<Participant extends EpochParticipant> = Omit<Participant, keyof EpochParticipant>
