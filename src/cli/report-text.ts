import { grouped } from '../core/grouped.ts'
import type { RunReport, SubtopologyRun } from './measured-run.ts'
import type { PartitionAccount } from '../streams/index.ts'
import { classNames } from './class-names.ts'
import { wrapped } from './wrapped.ts'

const mebibyte = 1 << 20

/** The report of a run for people. */
export function runText(report: RunReport): string {
  const perRecord =
    report.records === 0 ? '' : `, ${((report.cpuSeconds * 1e6) / report.records).toFixed(2)} µs per record`
  return ofOne(report, [
    ['peak memory', `${Math.round(report.peakRssBytes / mebibyte)} MiB`],
    ['CPU', `${report.cpuSeconds.toFixed(2)} s${perRecord}`],
  ])
}

/** A subtopology, and those after it. @param ofProcess - What is of the whole process. */
function ofOne(report: SubtopologyRun, ofProcess: [string, string][]): string {
  const reasons = report.deadLetters.map(({ reason, count: each }) => `${grouped(each)} ${reason}`).join(', ')
  const letters: [string, string][] = reasons === '' ? [] : [['dead letters', reasons]]
  const rows: [string, string][] = [
    ['aggregation rate', `${grouped(report.aggregationRate)} records/s`],
    ['correlation rate', `${grouped(report.correlationRate)} merged records/s`],
    [
      'records',
      `${grouped(report.records)} in ${report.seconds.toFixed(2)} s, ${grouped(Math.round(report.sourceBytes / mebibyte))} MiB`,
    ],
    ['merged', grouped(report.mergedRecords)],
    ['open keys', `${grouped(report.pendingRows)} now, ${grouped(report.pendingRowsMax)} at most`],
    ['epochs', `${grouped(report.epochs)} committed, ${report.rollbacks} rolled back`],
    ...ofProcess,
    ...letters,
    ['accounting', report.isBalanced ? 'every offset has exactly one class' : 'DOES NOT ADD UP'],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    accountText(report),
    ...streakTexts(report),
    ...(report.next === undefined ? [] : [`then ${report.next.app}`, ofOne(report.next, [])]),
  ].join('\n')
}

/** What is to be looked at after a run in which everything of a topic became a dead letter. */
function streakTexts({ app, streaks }: SubtopologyRun): string[] {
  return streaks.map(
    ({ topic, reason, records, isOver }) =>
      `LOOK AT topic ${topic}: ${isOver ? '' : 'the last '}${grouped(records)} records in a row became dead letters (${reason}); see millrace dead-letters --app ${app}`,
  )
}

/**
 * The account of each partition of which something has been read, with a column for each class that there is, so that
 * most fit a terminal; how many partitions and which classes are left out stands below it.
 */
function accountText({ accounting }: SubtopologyRun): string {
  const classes = Object.keys(classNames) as (keyof typeof classNames)[]
  const read = accounting.filter(({ consumed, pending }) => consumed > 0 || pending > 0)
  const isThere = (name: keyof PartitionAccount) => read.some((account) => Number(account[name] ?? 0) > 0)
  const hasTopics = new Set(accounting.map(({ topic }) => topic)).size > 1
  const optional: readonly (keyof PartitionAccount)[] = ['expanded', ...classes]
  const names = [
    ...(hasTopics ? (['topic'] as const) : []),
    ...(['partition', 'consumed'] as const),
    ...optional.filter(isThere),
  ]
  const absent = classes.filter((name) => !isThere(name)).map((name) => classNames[name])
  const unreadCount = accounting.length - read.length
  return [
    ...(read.length === 0 ? [] : tableLines(names, read)),
    ...(unreadCount === 0 ? [] : [`partitions of which nothing has been read: ${grouped(unreadCount)}`]),
    ...(absent.length === 0 ? [] : [wrapped(`no record is ${absent.join(', ')}`)]),
  ].join('\n')
}

function tableLines(names: readonly (keyof PartitionAccount)[], accounts: readonly PartitionAccount[]): string[] {
  const rows = [names, ...accounts.map((account) => names.map((name) => String(account[name] ?? 0)))]
  const widths = names.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const padded = (cell: string, column: number) =>
    names[column] === 'topic' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  return rows.map((row) => row.map(padded).join('  '))
}
