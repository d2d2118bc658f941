import type { AuditReport } from '../admin/audit-report.ts'
import type { Explanation } from '../explain/explanation.ts'
import type { KeptLetter, LetterChoice } from '../admin/kept-letters.ts'
import type { AppProcess } from '../admin/processes.ts'
import type { Inspection } from '../observe/inspection.ts'
import type { RedriveChoice } from '../redrive/redrive.ts'
import type { RedriveReport } from '../redrive/redrive-report.ts'
import type { TablesSnapshot } from '../tables/tables-snapshot.ts'
import type { PendingChoice, PendingMerge } from '../reads/pending-merge.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import type { Report } from './report.ts'
import type { AppEventName } from '../events/app-events.ts'
import type { AppListener } from '../events/program-events.ts'
import type { Role } from './role.ts'

/** A running program. */
export interface App extends AsyncDisposable, AppQuestions {
  readonly name: string
  /**
   * Whether this process does the work, waits to take over from the one that does, or could not because that is another
   * program. An active process whose group has taken it for dead joins again, and goes on or stands by.
   */
  readonly role: Role
  /** Resolves when the program has been stopped; rejects with the error that ended it. */
  readonly done: Promise<void>
  /**
   * Resolves once all that was in the source when this process became the active one is processed and committed, and
   * the table has all parts that are pending, also those of earlier processes; rejects as `done` does.
   */
  readonly caughtUp: Promise<void>
  /**
   * Reads no further, finishes what is on its way, commits, leaves the group and ends. What does not finish within
   * `drainMs` is read again at the next start; the group is left all the same, within a few seconds more.
   */
  stop(): Promise<void>
  /** Offsets committed by this process, and offsets that there were to consume when it became the active one. */
  progress(): { consumed: number; total: number }
  report(): Report
  /**
   * The tables of the program as its last committed epoch has left them, without asking a broker: what a function has
   * changed is there once the epoch of its record has committed. To be disposed of; in an active process only.
   *
   * @throws MillraceError `TABLES_ABSENT` in a standby, and for a program without tables.
   *
   * @example
   * using rows = app.query()
   * rows.table(perCountry).get('DK')
   */
  query(): TablesSnapshot
  /**
   * The pending row of a merge key: its parts with their values and where they came from, and what is missing. Undefined
   * where nothing of the key is pending. Asks no broker, unless parts are not in memory.
   *
   * Linearizable for each key: what is told has committed, and has all that this process had committed when it was asked.
   * So it waits until the current epoch has committed, unless that has changed nothing yet; a restart, or brokers that
   * are away, make it wait longer. Up to 1,000 reads wait at a time.
   *
   * @typeParam Parts - The values of parts, by the names of their sides.
   * @param correlation - Its id in the topology.
   * @param key - A number and a string of the same characters are two keys. An integer beyond those that numbers are exact
   * to is a bigint.
   * @throws MillraceError `TABLES_ABSENT` in a standby, and where tasks are shared out anew meanwhile; `PENDING_ELSEWHERE` in
   * the layout `keyed` where another process has the key; `PENDING_READS_EXCEEDED`, after which it may be tried again;
   * `APP_STOPPED`. TopologyError `TOPOLOGY_INVALID` for a correlation that the topology does not have. ConfigError
   * `CONFIG_INVALID_VALUE` for what is no key. Or the reason of the `signal` that gives up.
   *
   * @example
   * const row = await app.pending('by-order', 'o-1')
   * row?.missing // => ['payment']
   */
  pending<Parts extends object = Readonly<Record<string, unknown>>>(
    correlation: string,
    key: MergeKey,
    choice?: PendingChoice,
  ): Promise<PendingMerge<Parts> | undefined>
  /**
   * Calls a listener each time that something happens, on the main loop, at once. What each event tells is in
   * `docs/events.md`; what happened before `start` resolved is not told. One that throws, or whose promise rejects, is
   * logged, and harms nothing.
   */
  on<Name extends AppEventName>(name: Name, listener: AppListener<Name>): this
  /** The same for the next time only. */
  once<Name extends AppEventName>(name: Name, listener: AppListener<Name>): this
  /** Takes back `on` or `once`. */
  off<Name extends AppEventName>(name: Name, listener: AppListener<Name>): this
  /**
   * All that an operator looks at. Asks the brokers where the source ends, for up to half a second, and has the pending
   * rows counted, piece by piece, unless `countsPending` is false: then what was counted last is told. With
   * `wholeProgram` it tells also what all members do that share the work.
   */
  inspect(choice?: InspectChoice): Promise<Inspection>
}

/** What is looked at. */
export interface InspectChoice {
  /** Whether the pending rows are counted where that is due. @defaultValue true */
  readonly countsPending?: boolean
  /**
   * Whether `program` is told, what all members do: their group and the checkpoints of their tasks are asked for it, once
   * a second at most. In the layouts `keyed` and `routed`. @defaultValue false
   */
  readonly wholeProgram?: boolean
}

/** What brokers are asked about a program, over connections of its own: as the functions of these names do. */
export interface AppQuestions {
  audit(): Promise<AuditReport>
  explain(key: string): Promise<Explanation>
  deadLetters(choice?: LetterChoice): Promise<KeptLetter[]>
  redrive(choice?: RedriveChoice): Promise<RedriveReport>
  processes(): Promise<AppProcess[]>
}
