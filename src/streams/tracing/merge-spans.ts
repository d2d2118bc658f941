import type { EpochParticipant } from '../epochs/epoch-participant.ts'

/** Spans of an epoch, which are in memory until it has committed; further merges of it have none. */
export const spansPerEpochMax = 10_000

/**
 * The spans of merges. They begin as their record is published, so it can carry them on, and are told when its epoch has
 * committed: merges that are taken back have none.
 */
export interface MergeSpans extends EpochParticipant {
  /** So many merges, as `readTracedMerges` reads them, are published; one that may not be, and is asked for, comes alone. */
  begin(merges: Uint8Array, count: number): void
  /** What the record of that one carries on; undefined where it has no span. */
  readonly carried: Uint8Array | undefined
  /** What has become of them. */
  end(outcome: number): void
}
