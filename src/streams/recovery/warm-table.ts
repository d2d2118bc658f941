import type { PendingTable } from '../../kernel/index.ts'
import { ToldNumbers } from '../lists/told-numbers.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { Plan } from '../topology/plan.ts'
import { addDigests, type Digest } from '../checkpoint/digest.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { PartsReadAgain } from './parts-read-again.ts'
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

/**
 * Puts the rows of another table into one. They are of other tasks, so no row is of a key that is in both.
 *
 * @param plan - The program. @param partitions - Which partition each number means, for people.
 */
export function joinedTable(
  plan: Plan,
  partitions: Pick<SourcePartitions, 'placeOf' | 'text'>,
  one: WarmTable,
  other: WarmTable,
): WarmTable {
  const { table } = one
  // They were in a table before.
  table.isLimited = false
  const readAgain = new PartsReadAgain({ table, told: ToldNumbers.of(plan), isMigrated: false, partitions })
  for (const columns of other.table.storedColumns()) readAgain.take(columns)
  table.settle()
  const manifests = [one.manifest, other.manifest]
  const greatest = (...lists: (readonly number[])[]) =>
    lists[0]!.map((_, number) => Math.max(...lists.map((list) => list[number] ?? 0)))
  return {
    table,
    manifest: {
      ...other.manifest,
      epoch: Math.max(...manifests.map(({ epoch }) => epoch)),
      nextOffsets: greatest(...manifests.map(({ nextOffsets }) => nextOffsets)),
      pending: one.manifest.pending + other.manifest.pending,
      totals: { lost: greatest(...manifests.map(({ totals }) => totals.lost)) },
    },
    digests: one.digests.map((digest, task) => addDigests(digest, other.digests[task]!)),
  }
}
