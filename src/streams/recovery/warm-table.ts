import type { PendingTable, RecordColumns } from '../../kernel/index.ts'
import { ToldNumbers } from '../lists/told-numbers.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { Plan } from '../topology/plan.ts'
import { addDigests, type Digest, emptyDigest } from '../checkpoint/digest.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { isOwn, ofOwn, type Tasks } from '../tasks/tasks.ts'
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

/** Which program it is, and which partition each number means, for people. */
type Naming = readonly [plan: Plan, partitions: Pick<SourcePartitions, 'placeOf' | 'text'>]

/**
 * Puts the rows of another table into one. They are of other tasks, so no row is of a key that is in both.
 *
 * @param plan - The program. @param partitions - Which partition each number means, for people.
 * @param columns - The rows of the other one. @defaultValue they are read from its table
 */
export function joinedTable(
  plan: Plan,
  partitions: Pick<SourcePartitions, 'placeOf' | 'text'>,
  one: WarmTable,
  other: WarmTable,
  columns: Iterable<RecordColumns> = other.table.storedColumns(),
): WarmTable {
  const { table } = one
  putRows(columns, table, () => true, [plan, partitions])
  const manifests = [one.manifest, other.manifest]
  // Of one of them letters may have been redriven since the other one was read.
  const greatest = (...lists: (readonly number[])[]) =>
    Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, number) =>
      Math.max(...lists.map((list) => list[number] ?? 0)),
    )
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

/**
 * A copy of what a table has of some of its tasks.
 *
 * @param tasks - They, with the number of parts that are pending of them. @param empty - Where the copy is to live.
 */
export function copyOfTasks(
  plan: Plan,
  partitions: Pick<SourcePartitions, 'placeOf' | 'text'>,
  { table, manifest, digests }: WarmTable,
  tasks: { readonly own: readonly number[]; readonly pending: number; readonly taskOf: Tasks['taskOf'] },
  empty: PendingTable,
): WarmTable {
  const { pending, ...chosen } = tasks
  putRows(table.storedColumns(), empty, (number) => isOwn(chosen, number), [plan, partitions])
  const ofChosen = (values: readonly number[]) => ofOwn(chosen, values, 0)
  return {
    table: empty,
    manifest: {
      ...manifest,
      nextOffsets: ofChosen(manifest.nextOffsets),
      pending,
      totals: { lost: ofChosen(manifest.totals.lost) },
    },
    digests: digests.map((digest, task) => (tasks.own.includes(task) ? digest : emptyDigest)),
  }
}

/** @param isTaken - Of which source partitions, by number. */
function putRows(
  from: Iterable<RecordColumns>,
  table: PendingTable,
  isTaken: (number: number) => boolean,
  [plan, partitions]: Naming,
): void {
  // They were in a table before.
  table.isLimited = false
  const readAgain = new PartsReadAgain({ table, told: ToldNumbers.of(plan), isMigrated: false, partitions })
  for (const columns of from) if (isTaken(columns.partition)) readAgain.take(columns)
  table.settle()
}
