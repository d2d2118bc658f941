import { grouped } from '../core/grouped.ts'
import type { AuditedWindows, AuditReport } from '../streams/index.ts'
import { beforeStartText } from './before-start.ts'
import { classNames } from './class-names.ts'

/** The report of an audit for people: the verdict first, then what speaks against it. */
export function auditText(report: AuditReport): string {
  const {
    app,
    epoch,
    closedMs,
    contradictions,
    unclassified,
    miscounts,
    unbalanced,
    removedFrom,
    recreated,
    missingOutputs,
    foreignRecords,
    goneParts = [],
    tables = [],
    windows,
    next,
  } = report
  const hasTopics = new Set(report.accounting.map(({ topic }) => topic)).size > 1
  const partitionText = ({ topic, partition }: { topic: string; partition: number }) =>
    hasTopics ? `topic ${topic}, partition ${partition}` : `partition ${partition}`
  const place = (each: { topic: string; partition: number; offset: number }) =>
    `  ${partitionText(each)}, offset ${each.offset}`
  return [
    `${app}, epoch ${epoch} of ${new Date(closedMs).toISOString()}`,
    verdictText(report),
    ...report.startedAt.map(({ offset, ...each }) => beforeStartText(partitionText(each), offset, report.layoutBefore)),
    ...listing(
      contradictions.count,
      'offsets with two classes',
      contradictions.first,
      ({ classes: [one, other], ...each }) => {
        return `${place(each)}: ${classNames[one]} and ${one === other ? 'once more' : classNames[other]}`
      },
    ),
    ...listing(unclassified.count, 'offsets without a class', unclassified.first, place),
    ...miscounts.map(({ class: name, counted, found, ...each }) => {
      return `${partitionText(each)}: ${counted} ${name} by the account, ${found} by the broker`
    }),
    ...unbalanced.map((each) => `${partitionText(each)}: the classes do not add up to what was consumed`),
    ...(missingOutputs === 0
      ? []
      : [`${Math.abs(missingOutputs)} records of a flatMap are ${missingOutputs < 0 ? 'too many' : 'missing'}`]),
    ...tables.map(tableText),
    ...(windows === undefined ? [] : [windowsText(windows)]),
    ...(foreignRecords === 0 ? [] : [`records of others in its topics: ${grouped(foreignRecords)}`]),
    ...goneParts.map(({ count, ...each }) => {
      return `${partitionText(each)}: ${partsText(count)} gone from the source, and a start cannot read ${count === 1 ? 'it' : 'them'} again`
    }),
    ...removedFrom.flatMap((topic) => {
      if (recreated.includes(topic)) return [`topic ${topic} was deleted and created again`]
      return report.verdict === 'proved' ? [] : [`topic ${topic} has lost records`]
    }),
    ...(next === undefined ? [] : [auditText(next)]),
  ].join('\n')
}

function partsText(count: number): string {
  return count === 1 ? '1 pending part is' : `${grouped(count)} pending parts are`
}

function tableText({ name, rows, found, isWhole }: NonNullable<AuditReport['tables']>[number]): string {
  const said = grouped(rows)
  if (isWhole) return `table ${name}: ${said} rows, which are those of the epoch`
  return `table ${name}: ${said} rows by the manifest, ${grouped(found)} by the checkpoint, and not the same`
}

function windowsText(windows: AuditedWindows): string {
  const { rows, found, isWhole, results, foundResults, taken, foundTaken } = windows
  const [said, ofTaken] = [rows, taken].map(grouped)
  if (isRight(windows)) return `windows: ${said} open, ${grouped(results)} results, ${ofTaken} records taken in`
  return [
    `windows: ${said} open by the manifest, ${grouped(found)} by the checkpoint${isWhole ? '' : ', and not the same'}`,
    `  ${results} results by the manifest, ${foundResults} by the broker; ${taken} records taken in, ${foundTaken} in windows and results`,
  ].join('\n')
}

function isRight({ isWhole, results, foundResults, taken, foundTaken }: AuditedWindows): boolean {
  return isWhole && results === foundResults && taken === foundTaken
}

function verdictText(report: AuditReport): string {
  const { verdict, accounting, unseen } = report
  const consumed = grouped(accounting.reduce((sum, account) => sum + account.consumed, 0))
  if (verdict === 'proved') return `proved: each of ${consumed} consumed offsets has exactly one class`
  if (verdict === 'provedAsSeen') {
    const hidden = `${grouped(unseen)} are not in the compacted source now and have no other trace, as many as can have been skipped or filtered`
    return `proved as far as compaction lets it be seen: each of ${consumed} consumed offsets has exactly one class; ${hidden}`
  }
  if (report.tables?.some(({ isWhole }) => !isWhole)) return 'WRONG: a table has other rows than its epoch has left'
  if (report.windows !== undefined && verdict === 'wrong' && !isRight(report.windows))
    return 'WRONG: open windows and results do not have each record that was taken in'
  if (verdict === 'wrong') return `WRONG: not every one of ${consumed} consumed offsets has exactly one class`
  return `not proved: the account of ${consumed} consumed offsets adds up, but records that would prove it are gone`
}

function listing<Item>(count: number, what: string, first: readonly Item[], line: (item: Item) => string): string[] {
  if (count === 0) return []
  const few = first.length < count ? `; the first ${first.length} are` : ''
  return [`${what}: ${grouped(count)}${few}`, ...first.map(line)]
}
