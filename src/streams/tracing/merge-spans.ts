import type { CarryingPart } from '../../kernel/index.ts'
import type { EpochParticipant } from '../epochs/epoch-participant.ts'

/** Spans of an epoch, which are in memory until it has committed; further merges of it have none. */
export const spansPerEpochMax = 10_000

/**
 * The spans of merges. They begin as their record is published, so it can carry them on, and are told when its epoch has
 * committed: merges that are taken back have none.
 */
export interface MergeSpans extends EpochParticipant {
  /** A merge of these parts is about to be published. */
  begin(parts: readonly CarryingPart[]): void
  /** What the record of that merge carries on; undefined where it has no span. */
  readonly carried: Uint8Array | undefined
  /** What has become of that merge. */
  end(outcome: number): void
}
