import type { ChildSnapshot, SupervisorSnapshot } from '../../actors/index.ts'
import type { WaitReport } from '../../kafka/index.ts'
import { deadLetterReasons } from '../../kernel/index.ts'
import type { PartitionAccount } from '../epochs/accounting.ts'
import type { Report } from '../runtime/report.ts'
import type { Role } from '../runtime/role.ts'
import type { Exported } from '../tracing/otlp/span-exporter.ts'
import type { InspectedLookup } from '../tables/lookup-tables.ts'
import type { InspectedCopies } from '../standby/standby-tasks.ts'
import type { PlanDescription } from '../topology/describe-plan.ts'
import type { HistogramSnapshot } from './histogram.ts'
import type { InspectedProgram } from './inspected-program.ts'
import { type ActorRestarts, causeText, type Meters } from './meters.ts'
import { ageBoundsMs, type Census } from './pending-census.ts'
import type { SeenStreak } from './source-streaks-seen.ts'

/** All that an operator looks at, as of now: what metrics, health and the dashboard are made from. JSON can hold it. */
export interface Inspection {
  readonly app: string
  /** The last one, of a program that has ended. */
  readonly role: Role
  readonly hasEnded: boolean
  /** By the clock of the program. */
  readonly atMs: number
  readonly topology: PlanDescription
  readonly isCaughtUp: boolean
  /** What is waited for because brokers are away, elect or refuse; absent where nothing is. */
  readonly waiting?: BrokerWait
  /** For how long brokers have not answered where the source ends; 0 where they do. */
  readonly unansweredMs: number
  /**
   * How long ago the table of a standby, or that of copies of tasks, was as new as the checkpoint; absent where there is
   * none.
   */
  readonly standbyAgeMs?: number
  /** Copies of tasks of other members; absent where none are kept. */
  readonly copies?: InspectedCopies
  readonly report: Report
  /** Of the active process, or of the tasks of this one; as `report().accounting`, by topic and partition. */
  readonly partitions: readonly InspectedPartition[]
  /** By reason, since this process became the active one; only reasons that have occurred. */
  readonly deadLetters: readonly { readonly reason: string; readonly count: number }[]
  /** Of each topic the longest streak of dead letters, where it was `maxConsecutivePoison` records or more. */
  readonly streaks: readonly SeenStreak[]
  /** Tables that topics fill; absent where the program has none, and before this process has found its topics. */
  readonly lookups?: readonly InspectedLookup[]
  /** Rows that have left incomplete, since this process began. */
  readonly expiredRows: number
  /** For how long brokers have had this process wait because a produce quota was used up, in milliseconds. */
  readonly throttledMs: number
  readonly epochs: {
    readonly committed: number
    readonly rolledBack: number
    readonly seconds: HistogramSnapshot
    readonly commitSeconds: HistogramSnapshot
  }
  /** What became of the spans that were exported; absent where the program exports none by itself. */
  readonly spans?: Exported
  /** The pending rows; absent until they have been counted. */
  readonly pending?: InspectedPending
  /**
   * What all members do, in the layouts `keyed` and `routed`, where that was asked for and brokers have answered; all else
   * is of this process alone.
   */
  readonly program?: InspectedProgram
  /** The supervision tree; absent while this process is not the active one. */
  readonly actors?: InspectedActor
  /** The subtopology that reads the merged records; absent where they are what the topology publishes. */
  readonly next?: Inspection
}

/** Something that is waited for. */
export interface BrokerWait {
  readonly for: string
  readonly sinceMs: number
  /** The last error, with its code. */
  readonly error?: string
}

/** A partition of a source: its account, where it ends, and how far behind the program is. */
export interface InspectedPartition extends PartitionAccount {
  readonly topic: string
  /** Offset to consume next, as of the last committed epoch. */
  readonly nextOffset: number
  /** Offset after the last record that may be read, as brokers last said. */
  readonly endOffset: number
  /** Records that are not consumed and committed. */
  readonly lag: number
  /**
   * The age of the last record that was consumed, in milliseconds; 0 without lag, absent before the first record.
   */
  readonly delayMs?: number
}

/** Pending rows by what they lack and how old they are, as of a moment ago. */
export interface InspectedPending {
  readonly takenMs: number
  readonly rows: number
  /** Timestamp of the oldest pending part. */
  readonly oldestMs?: number
  /** Rows that lack the same sides, most rows first. */
  readonly byMissing: readonly { readonly missing: readonly string[]; readonly rows: number }[]
  /**
   * The ten oldest rows, the oldest first; with `whenFull: 'promote'` those in memory, because of others the keys are not
   * there.
   */
  readonly oldest: readonly InspectedRow[]
  /** Rows up to each age, in milliseconds; the last has no bound. */
  readonly byAge: readonly { readonly upToMs?: number; readonly rows: number }[]
}

/** A pending row. */
export interface InspectedRow {
  /** Its merge key as text. */
  readonly key: string
  /** The sides that it lacks; none where it waits for its lists. */
  readonly missing: readonly string[]
  /** Timestamp of its oldest part. */
  readonly oldestMs: number
}

/** An actor or a supervisor, with what is below it. */
export interface InspectedActor {
  readonly kind: ChildSnapshot['kind']
  readonly path: string
  readonly name: string
  readonly status: string
  readonly strategy?: string
  readonly restarts: number
  readonly lastCause?: string
  readonly lastCrashMs?: number
  readonly handled?: number
  readonly mailbox?: number
  readonly children: readonly InspectedActor[]
}

export function inspectedWait({ waitingFor, sinceMs, error }: WaitReport): BrokerWait {
  return { for: waitingFor, sinceMs, ...(error && { error: `${error.code}: ${error.message}` }) }
}

/** What is known of partitions of the sources, in one order. */
export interface SourceFacts {
  readonly numbers: readonly number[]
  readonly accounts: readonly PartitionAccount[]
  readonly nextOffsets: readonly number[]
  readonly endOffsets: readonly number[]
  readonly meters: Meters
  /** The time of day by the brokers. */
  readonly nowMs: number
}

export function inspectedPartitions(facts: SourceFacts): InspectedPartition[] {
  const { numbers, accounts, nextOffsets, endOffsets, meters, nowMs } = facts
  return accounts.map((account, at) => {
    const nextOffset = nextOffsets[at]!
    // What was consumed was there, whatever brokers said before.
    const endOffset = Math.max(nextOffset, endOffsets[at] ?? 0)
    const lag = endOffset - nextOffset
    const consumedMs = meters.consumedMs(numbers[at]!)
    const delayMs = lag === 0 ? 0 : consumedMs === undefined ? undefined : Math.max(0, nowMs - consumedMs)
    return { ...account, nextOffset, endOffset, lag, ...(delayMs !== undefined && { delayMs }) }
  })
}

export function inspectedLetters(counts: ArrayLike<number>): Inspection['deadLetters'] {
  return deadLetterReasons.flatMap(({ name }, reason) => {
    const count = counts[reason] ?? 0
    return count === 0 ? [] : [{ reason: name, count }]
  })
}

/** @param sides - Names of the sides, in declared order. */
export function inspectedPending(
  { takenMs, rows, oldestMs, bySides, oldest, byAge }: Census,
  sides: readonly string[],
) {
  const missingOf = (bits: number) => sides.filter((_, side) => (bits & (1 << side)) === 0)
  const byMissing = Array.from(bySides, ([bits, count]) => ({ missing: missingOf(bits), rows: count })).sort(
    (a, b) => b.rows - a.rows,
  )
  return {
    takenMs,
    rows,
    ...(oldestMs !== undefined && { oldestMs }),
    byMissing,
    oldest: oldest.map(({ key, sides: there, ...age }) => ({ key, missing: missingOf(there), ...age })),
    byAge: byAge.map((count, age) => ({
      ...(age < ageBoundsMs.length && { upToMs: ageBoundsMs[age]! }),
      rows: count,
    })),
  } satisfies InspectedPending
}

/** The tree as it is, with what each actor has been through before. */
export function inspectedActors(root: SupervisorSnapshot, restarts: readonly ActorRestarts[]): InspectedActor {
  const past = new Map(restarts.map((entry) => [entry.path, entry]))
  const inspect = (child: ChildSnapshot): InspectedActor => {
    const { kind, path, status } = child
    const { count = 0, lastCause, lastCrashMs } = past.get(path) ?? {}
    const reason = child.lastReason
    // A supervisor that gave up is told of by its snapshot alone.
    const cause = lastCause ?? (reason?.kind === 'crashed' ? causeText(reason.error) : undefined)
    return {
      kind,
      path,
      name: path.slice(path.lastIndexOf('/') + 1),
      status,
      restarts: kind === 'actor' ? count : Math.max(0, child.incarnation - 1),
      ...(cause !== undefined && { lastCause: cause }),
      ...(lastCrashMs !== undefined && { lastCrashMs }),
      ...(child.kind === 'actor'
        ? { handled: child.handledCount, mailbox: child.mailboxCount + child.waitingCount, children: [] }
        : { strategy: child.strategy, children: child.children.map(inspect) }),
    }
  }
  return inspect(root)
}
