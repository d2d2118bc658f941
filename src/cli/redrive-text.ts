import type { Redriven, RedrivenReason, RedriveReport } from '../streams/index.ts'

/** What a redrive has done, or would do, for people: reason by reason, then what comes next. */
export function redriveText({ app, reasons, redriven, isDryRun, isRunning }: RedriveReport): string {
  if (reasons.length === 0) return `${app}: no such dead letters`
  return [
    ...reasons.map((each) => reasonText(each, isDryRun)),
    ...(isDryRun ? dryRunText(redriven) : whenText(app, redriven, isRunning)),
  ].join('\n')
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
    [alreadyRedriven, 'were redriven before'],
    [gone, 'only refer to records that are gone from the source'],
    [ofFlatMaps, 'are of a source with a flatMap, and cannot be redriven'],
    [foreign, 'are of sources that it does not read, or from before a reset'],
  ]
  const texts = parts.filter(([count]) => count > 0).map(([count, text]) => `${count.toLocaleString('en')} ${text}`)
  return `${reason}: ${letters.toLocaleString('en')} dead letters, ${texts.join(', ')}`
}

function dryRunText(redriven: number): string[] {
  return redriven === 0 ? [] : ['Nothing has been done: give --yes to do it.']
}

function whenText(app: string, redriven: number, isRunning: boolean): string[] {
  if (redriven === 0) return []
  return [
    isRunning
      ? `${app} runs, and takes them in within its sourceRefreshMs.`
      : `${app} does not run: its next start takes them in.`,
  ]
}
