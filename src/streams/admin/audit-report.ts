import type { Origin } from '../../kernel/index.ts'
import { accountsOf, isBalanced, type PartitionAccount } from '../epochs/accounting.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { AppLogs } from './app-logs.ts'
import { type Contradiction, type Evidence, listedMax } from './evidence.ts'
import { type TracedClass, tracedClasses } from './offset-classes.ts'

/** A class of which the broker has another number of offsets than the account. */
export interface Miscount {
  readonly partition: number
  readonly class: TracedClass
  readonly counted: number
  readonly found: number
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
  /** The account that was audited. */
  readonly accounting: readonly PartitionAccount[]
  /** Offsets with two classes, the first ten. */
  readonly contradictions: { readonly count: number; readonly first: readonly Contradiction[] }
  /** Offsets that should have a class and have none, the first ten; listed only where nothing has been removed. */
  readonly unclassified: { readonly count: number; readonly first: readonly Origin[] }
  readonly miscounts: readonly Miscount[]
  /** Partitions whose classes do not add up to what was consumed. */
  readonly unbalanced: readonly number[]
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
  /** Records in topics of the application that are of others, or from before it was reset. */
  readonly foreignRecords: number
}

/** Compares what records say with the account that was kept. */
export function judge(app: string, manifest: Manifest, evidence: Evidence, logs: AppLogs): AuditReport {
  const { epoch, closedMs } = manifest
  const { classes, contradictionCount, foreignRecords } = evidence
  const accounting = accountsOf(
    manifest,
    classes.map((found) => found.count('pending')),
  )
  const unbalanced = accounting.filter((account) => !isBalanced(account)).map(({ partition }) => partition)
  const { isCompacted } = logs.source
  const miscounts = accounting.flatMap((account) => miscountsOf(account, evidence, isCompacted))
  const isLost = lossesOf(logs)
  const unexplained = miscounts.filter((each) => each.found > each.counted || !isLost[each.class])
  const isWrong = contradictionCount > 0 || unbalanced.length > 0 || unexplained.length > 0
  const incomplete = [...logs.outputs, logs.deadLetters, logs.source].filter(({ isWhole }) => !isWhole)
  const unseen = isCompacted ? classes.reduce((sum, found) => sum + found.count('skipped'), 0) : 0
  const rightVerdict = miscounts.length > 0 ? 'unproved' : unseen > 0 ? 'provedAsSeen' : 'proved'
  return {
    app,
    epoch,
    closedMs,
    verdict: isWrong ? 'wrong' : rightVerdict,
    accounting,
    contradictions: { count: contradictionCount, first: evidence.contradictions },
    unclassified: incomplete.length > 0 ? { count: 0, first: [] } : unclassified(accounting, manifest, evidence),
    miscounts,
    unbalanced,
    removedFrom: incomplete.map(({ name }) => name),
    recreated: incomplete.filter(({ isRecreated }) => isRecreated).map(({ name }) => name),
    unseen,
    foreignRecords,
  }
}

function miscountsOf(account: PartitionAccount, { classes }: Evidence, isSourceCompacted: boolean): Miscount[] {
  const { partition } = account
  return tracedClasses
    .map((name) => ({ partition, class: name, counted: account[name], found: classes[partition]!.count(name) }))
    .filter(({ class: name, counted, found }) => {
      // Compaction adds to the gaps that were there; what it has removed was filtered, or it would have a trace.
      return name === 'skipped' && isSourceCompacted ? found < counted : found !== counted
    })
}

/** Classes of which offsets may have no trace because records have been removed. */
function lossesOf({ outputs, deadLetters, source }: AppLogs): Record<TracedClass, boolean> {
  const areOutputsLost = outputs.some(({ isWhole }) => !isWhole)
  return {
    emitted: areOutputsLost,
    pending: false,
    duplicate: !deadLetters.isWhole,
    deadLettered: !deadLetters.isWhole,
    expired: areOutputsLost || !deadLetters.isWhole,
    skipped: !source.isWhole,
  }
}

/** What has no class beyond what may have none; which of them is which cannot be told. */
function unclassified(
  accounting: readonly PartitionAccount[],
  { startOffsets, nextOffsets }: Manifest,
  { classes }: Evidence,
): AuditReport['unclassified'] {
  let count = 0
  const first: Origin[] = []
  for (const { partition, consumed, filtered, lost } of accounting) {
    const found = classes[partition]!
    const missing = tracedClasses.reduce((left, name) => left - found.count(name), consumed - filtered - lost)
    if (missing <= 0) continue
    count += missing
    const offsets = found.without(startOffsets[partition]!, nextOffsets[partition]!, listedMax - first.length)
    first.push(...offsets.map((offset) => ({ partition, offset })))
  }
  return { count, first }
}
