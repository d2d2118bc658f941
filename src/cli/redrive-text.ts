import { grouped } from '../core/grouped.ts'
import type { Redriven, RedrivenReason, RedriveReport } from '../streams/index.ts'

/** What a redrive has done, or would do, for people: reason by reason, then what comes next. */
export function redriveText(report: RedriveReport): string {
  const lines = linesOf(report, report.next !== undefined)
  if (report.isDryRun && redrivenOf(report) > 0) lines.push('Nothing has been done: give --yes to do it.')
  return lines.join('\n')
}

/** Records that are redriven in all subtopologies, or would be. */
export function redrivenOf({ redriven, next }: RedriveReport): number {
  return redriven + (next === undefined ? 0 : redrivenOf(next))
}

/** @param isOfSeveral - Whether it has to be said which subtopology letters are of. */
function linesOf({ app, reasons, redriven, isDryRun, isRunning, next }: RedriveReport, isOfSeveral: boolean): string[] {
  const own = reasons.map((each) => `${isOfSeveral ? `${app}, ` : ''}${reasonText(each, isDryRun)}`)
  return [
    ...(own.length > 0 ? own : [`${app}: no such dead letters`]),
    ...(isDryRun || own.length === 0 ? [] : whenText(app, redriven, isRunning)),
    ...(next === undefined ? [] : linesOf(next, isOfSeveral)),
  ]
}

/** What has become of a letter that was redriven. */
export function fateText({ topic, partition, offset, fate }: Redriven): string {
  return `${topic} ${partition}@${offset}, ${fates[fate]}`
}

const fates = {
  unread: 'not read yet',
  pending: 'its part is pending',
  deadLetter: 'a dead letter again',
  processed: 'processed',
} as const satisfies Record<Redriven['fate'], string>

function reasonText(
  { reason, letters, redriven, alreadyRedriven, gone, ofFlatMaps, foreign }: RedrivenReason,
  isDryRun: boolean,
) {
  const parts: readonly (readonly [count: number, text: string])[] = [
    [redriven, isDryRun ? 'would be redriven' : 'redriven'],
    [alreadyRedriven, `${alreadyRedriven === 1 ? 'was' : 'were'} redriven before`],
    [gone, 'only refer to records that are gone from the source'],
    [
      ofFlatMaps,
      'are of a source with a flatMap, by a version that did not say of which of its records, and are left alone',
    ],
    [foreign, 'are of sources that it does not read, or from before a reset'],
  ]
  const texts = parts.filter(([count]) => count > 0).map(([count, text]) => `${grouped(count)} ${text}`)
  return `${reason}: ${grouped(letters)} dead ${letters === 1 ? 'letter' : 'letters'}, ${texts.join(', ')}`
}

function whenText(app: string, redriven: number, isRunning: boolean): string[] {
  if (redriven === 0) return []
  return [
    isRunning
      ? `${app} runs, and takes them in within its sourceRefreshMs.`
      : `${app} does not run: its next start takes them in.`,
  ]
}
