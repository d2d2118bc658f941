import { type Account, accountsOf, isBalanced, type PartitionAccount, placed } from '../epochs/accounting.ts'
import type { Origin, PartitionPlace, SourcePartitions } from '../topics/source-partitions.ts'
import type { Layout } from '../topology/layout.ts'
import type { AppCheckpoint } from './app-checkpoint.ts'
import type { AppLogs, Log } from './app-logs.ts'
import { type GoneParts, goneParts } from './gone-records.ts'
import { type Contradiction, type Evidence, listedMax } from './evidence.ts'
import type { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { isTableWhole } from '../tables/whole-table.ts'
import { recordsOf } from '../windows/window-row.ts'
import { windowTable } from '../windows/window-rows.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { type OffsetClasses, type TracedClass, tracedClasses } from './offset-classes.ts'

/** A class of which the broker has another number of offsets than the account. */
export interface Miscount extends PartitionPlace {
  readonly class: TracedClass
  readonly counted: number
  readonly found: number
}

/** A table of functions, as an audit has found it. */
export interface AuditedTable {
  readonly name: string
  /** As the manifest says, and as they were found. */
  readonly rows: number
  readonly found: number
  /** Whether number and digest of the rows are those of the manifest. */
  readonly isWhole: boolean
}

/** Windows, as an audit has found them. */
export interface AuditedWindows {
  /** Rows of open windows, as the manifest says and as they were found. */
  readonly rows: number
  readonly found: number
  /** Whether number and digest of the rows are those of the manifest. */
  readonly isWhole: boolean
  /** Results that were published, likewise. */
  readonly results: number
  readonly foundResults: number
  /** How often a record was taken into a window, and what the open windows and the results have of them, together. */
  readonly taken: number
  readonly foundTaken: number
}

/** What an audit has found, and what speaks against its verdict. */
export interface AuditReport {
  readonly app: string
  /** The last epoch that had committed, and when it was closed, in milliseconds since 1970. */
  readonly epoch: number
  readonly closedMs: number
  /**
   * `proved`: every consumed offset has exactly one class. `provedAsSeen`: the same as far as a compacted source lets
   * it be seen, see `unseen`. `wrong`: some have none or two, or the account does not agree. `unproved`: nothing
   * contradicts the account, but records that would prove it have been removed.
   */
  readonly verdict: 'proved' | 'provedAsSeen' | 'wrong' | 'unproved'
  /** Where partitions begin that were not read from offset 0: what is before that is no loss. */
  readonly startedAt: readonly Origin[]
  /** The layout that the program has left, and in whose account that is which is before; absent where none has it. */
  readonly layoutBefore?: Layout
  /** The account that was audited. */
  readonly accounting: readonly PartitionAccount[]
  /** Offsets with two classes, the first ten. */
  readonly contradictions: { readonly count: number; readonly first: readonly Contradiction[] }
  /** Offsets that should have a class and have none, the first ten; listed only where nothing has been removed. */
  readonly unclassified: { readonly count: number; readonly first: readonly Origin[] }
  readonly miscounts: readonly Miscount[]
  /** Partitions whose classes do not add up to what was consumed. */
  readonly unbalanced: readonly PartitionPlace[]
  /**
   * Pending parts whose records are gone from their source, by retention, by hand or with their topic: a start cannot read
   * them again. Absent where there are none.
   */
  readonly goneParts?: readonly GoneParts[]
  /** Topics that have lost records, by retention, compaction or hand. */
  readonly removedFrom: readonly string[]
  /** Those of them that were deleted and created again. */
  readonly recreated: readonly string[]
  /**
   * Offsets without another trace at which a compacted source has no record now. Compaction removes records, and none
   * comes where there was none: so as many as the account says were skipped must be among them, and the others must
   * have been filtered.
   */
  readonly unseen: number
  /**
   * Of records that a flatMap has made of merges, how many are missing of those that the first of each speaks of; less
   * than 0 where there are more.
   */
  readonly missingOutputs: number
  /**
   * Tables of functions by the number of their rows, and whether the checkpoint has those that its manifest says; absent
   * where there are none.
   */
  readonly tables?: readonly AuditedTable[]
  /** Open windows and results; absent where the program has none. */
  readonly windows?: AuditedWindows
  /** Records in topics of the application that are of others, or from before it was reset. */
  readonly foreignRecords: number
  /** Of the subtopology that reads the merged records, once it has committed an epoch: the verdict here is without it. */
  readonly next?: AuditReport
}

/** Compares what records say with the account that was kept. */
export function judge(
  app: string,
  checkpoint: Pick<AppCheckpoint, 'manifest' | 'partitions' | 'tables' | 'pending' | 'promoted'>,
  evidence: Evidence,
  logs: AppLogs,
): AuditReport {
  const { manifest, partitions, tables: kept } = checkpoint
  const { epoch, closedMs } = manifest
  const { classes, contradictionCount, foreignRecords } = evidence
  const pending = classes.map((found) => found.count('pending'))
  const accounts = accountsOf(manifest, pending)
  const accounting = placed(accounts, partitions)
  const audited = accounts.map((account, number) => ({
    account: { ...partitions.placeOf(number), ...account },
    found: classes[number]!,
    isFirst: partitions.isFirst(number),
    source: logs.sources[partitions.list[number]!.source]!,
  }))
  const unbalanced = accounting
    .filter((account) => !isBalanced(account))
    .map(({ topic, partition }) => ({ topic, partition }))
  const miscounts = audited.flatMap((each) => miscountsOf(each))
  const unexplained = audited.flatMap((each) => {
    const isLost = lossesOf(logs, each.source)
    return miscountsOf(each).filter((miscount) => miscount.found > miscount.counted || !isLost[miscount.class])
  })
  const areOutputsWhole = logs.outputs.every(({ isWhole }) => isWhole)
  const tables = auditedTables(manifest, kept)
  const windows = auditedWindows(manifest, kept, evidence)
  const areResultsMissing = windows !== undefined && lacksResults(windows)
  const isWrong =
    tables.some(({ isWhole }) => !isWhole) ||
    (windows !== undefined && contradicts(windows)) ||
    (areResultsMissing && areOutputsWhole) ||
    evidence.siblings < 0 ||
    (evidence.siblings > 0 && areOutputsWhole) ||
    contradictionCount > 0 ||
    unbalanced.length > 0 ||
    unexplained.length > 0
  const gone = goneParts(checkpoint, logs.sources)
  const incomplete = [...logs.outputs, logs.deadLetters, ...logs.sources].filter(({ isWhole }) => !isWhole)
  const unseen = audited
    .filter(({ source, isFirst }) => source.isCompacted && isFirst)
    .reduce((sum, { found }) => sum + found.count('skipped'), 0)
  const rightVerdict =
    miscounts.length > 0 || evidence.siblings > 0 || areResultsMissing
      ? 'unproved'
      : unseen > 0
        ? 'provedAsSeen'
        : 'proved'
  return {
    app,
    epoch,
    closedMs,
    verdict: isWrong ? 'wrong' : rightVerdict,
    startedAt: startedAt(manifest, partitions),
    accounting,
    contradictions: { count: contradictionCount, first: evidence.contradictions },
    unclassified: incomplete.length > 0 ? { count: 0, first: [] } : unclassified(audited, manifest),
    miscounts,
    unbalanced,
    ...(gone.length > 0 && { goneParts: gone }),
    removedFrom: incomplete.map(({ name }) => name),
    recreated: incomplete.filter(({ isRecreated }) => isRecreated).map(({ name }) => name),
    unseen,
    missingOutputs: evidence.siblings,
    ...(tables.length > 0 && { tables }),
    ...(windows && { windows }),
    foreignRecords,
  }
}

function auditedTables({ tables = [] }: Manifest, kept: CheckpointTables): AuditedTable[] {
  return tables.map((table) => {
    const { name, rows } = table
    const sum = kept.sumOf(name)
    return { name, rows, found: sum.rows, isWhole: isTableWhole(table, sum) }
  })
}

function auditedWindows(
  { windows, topology }: Manifest,
  kept: CheckpointTables,
  evidence: Evidence,
): AuditedWindows | undefined {
  if (windows === undefined) return undefined
  const { rows, taken, leftOut = 0, leftOutRecords = 0 } = windows
  const results = windows.results + leftOut
  const sum = kept.sumOf(windowTable)
  // Each record of a window has a result, or is in the one of its window.
  // What functions have left out is nowhere else.
  const foundResults = evidence.results + leftOut
  let foundTaken = topology.windows?.results === 'changes' ? foundResults : evidence.resultRecords + leftOutRecords
  if (topology.windows?.results !== 'changes') {
    for (const [, value] of kept.rowsOf(windowTable)) foundTaken += recordsOf(value)
  }
  const isWhole = isTableWhole(windows, sum)
  return { rows, found: sum.rows, isWhole, results, foundResults, taken, foundTaken }
}

/** Whether there is what cannot be. */
function contradicts({ isWhole, results, foundResults, taken, foundTaken }: AuditedWindows): boolean {
  return !isWhole || foundResults > results || foundTaken > taken
}

function lacksResults({ results, foundResults, taken, foundTaken }: AuditedWindows): boolean {
  return foundResults < results || foundTaken < taken
}

/** Where an application began to read partitions that it has not read from offset 0. */
export function startedAt(
  { startOffsets }: Pick<Manifest, 'startOffsets'>,
  partitions: Pick<SourcePartitions, 'placeOf' | 'isFirst'>,
): Origin[] {
  return startOffsets.flatMap((offset, number) => {
    const { topic, partition } = partitions.placeOf(number)
    return offset === 0 || !partitions.isFirst(number) ? [] : [{ topic, partition, offset }]
  })
}

/** A partition, or a lane of one, with all that is known of it. */
interface Audited {
  readonly account: Account & PartitionPlace
  readonly found: OffsetClasses
  readonly isFirst: boolean
  readonly source: Log
}

function miscountsOf({ account, found: classes, isFirst, source }: Audited): Miscount[] {
  const { topic, partition, index } = account
  const place = { topic, partition, ...(index !== undefined && { index }) }
  return tracedClasses
    .map((name) => ({ ...place, class: name, counted: account[name], found: classes.count(name) }))
    .filter(({ class: name, counted, found }) => {
      if (name !== 'skipped') return found !== counted
      // Of a record that has become fewer, the further lanes have passed over as much without a gap.
      if (!isFirst) return found > counted && !source.isCompacted
      // Compaction adds to the gaps that were there; what it has removed was filtered, or it would have a trace.
      return source.isCompacted ? found < counted : found !== counted
    })
}

/** Offsets of a lane that may have no trace at the broker. */
function withoutTrace({ account, found, isFirst }: Audited): number {
  const { aggregated, late, filtered, superseded, lost, skipped } = account
  return (
    aggregated + late + filtered + superseded + lost + (isFirst ? 0 : Math.max(0, skipped - found.count('skipped')))
  )
}

/** Classes of which offsets may have no trace because records have been removed. */
function lossesOf({ outputs, deadLetters, redriven }: AppLogs, source: Log): Record<TracedClass, boolean> {
  const areOutputsLost = outputs.some(({ isWhole }) => !isWhole)
  return {
    emitted: areOutputsLost,
    pending: false,
    duplicate: !deadLetters.isWhole,
    deadLettered: !deadLetters.isWhole,
    expired: areOutputsLost || !deadLetters.isWhole,
    // Each says of itself what it was.
    redriven: redriven?.isWhole === false,
    skipped: !source.isWhole,
  }
}

/** What has no class beyond what may have none; which of them is which cannot be told. */
function unclassified(
  audited: readonly Audited[],
  { startOffsets, nextOffsets }: Pick<Manifest, 'startOffsets' | 'nextOffsets'>,
): AuditReport['unclassified'] {
  let count = 0
  const first: Origin[] = []
  for (const [number, each] of audited.entries()) {
    const { account, found } = each
    const { topic, partition, index, consumed } = account
    const missing = tracedClasses.reduce((left, name) => left - found.count(name), consumed - withoutTrace(each))
    if (missing <= 0) continue
    count += missing
    const offsets = found.without(startOffsets[number]!, nextOffsets[number]!, listedMax - first.length)
    first.push(...offsets.map((offset) => ({ topic, partition, ...(index !== undefined && { index }), offset })))
  }
  return { count, first }
}
