import type { PendingTable } from '../../kernel/index.ts'
import type { Digest } from '../checkpoint/digest.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { RecoveredSession } from './session.ts'

/** A table with all parts that were pending when the epoch of its manifest had ended. */
export interface WarmTable {
  readonly table: PendingTable
  readonly manifest: Pick<Manifest, 'epoch' | 'sourceIds' | 'hashSeed' | 'nextOffsets' | 'pending'> & {
    readonly totals: Pick<Manifest['totals'], 'lost'>
  }
  /** Of these parts, by task. */
  readonly digests: readonly Digest[]
}

/**
 * What a member has of its tasks when its work on them has ended, and what was not committed is taken back; undefined
 * while pending parts were still being read again.
 */
export function warmTableOf(
  { state, sources }: RecoveredSession,
  hashSeed: Manifest['hashSeed'],
): WarmTable | undefined {
  const { table, accounting, pending, epochs, restoration, cold } = state
  if (!restoration.isDone || cold !== undefined) return undefined
  const { nextOffsets, totals } = accounting.committed()
  return {
    table,
    manifest: {
      epoch: epochs.committed,
      sourceIds: sources.ids,
      hashSeed,
      nextOffsets,
      totals,
      pending: pending.count,
    },
    digests: [...pending.digests],
  }
}
