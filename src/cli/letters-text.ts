import { offsetText } from './offset-text.ts'
import { fateText } from './redrive-text.ts'
import type { KeptLetter } from '../streams/index.ts'
import { quoted, quotedWhole } from './quoted.ts'

/** Dead letters for people: how many there are of each reason, then one after the other. */
export function lettersText(app: string, letters: readonly KeptLetter[]): string {
  if (letters.length === 0) return `${app}: no dead letters`
  const counts = new Map<string, number>()
  for (const { reason } of letters) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const reasons = Array.from(counts, ([reason, count]) => `${count} ${reason}`).join(', ')
  return [`${app}: the newest ${letters.length}: ${reasons}`, ...letters.map((letter) => letterText(letter))].join('\n')
}

/** The dead letters of one record in full, with its headers. */
export function wholeLettersText(app: string, letters: readonly KeptLetter[]): string {
  if (letters.length === 0) return `${app}: no dead letter of that record`
  return letters.map((letter) => [letterText(letter, quotedWhole), ...headerLines(letter)].join('\n')).join('\n')
}

function headerLines({ headers, partition, offset }: KeptLetter): string[] {
  return [
    ...headers.map(([name, value]) => `  header ${quotedWhole(name)} ${value === null ? 'null' : quotedWhole(value)}`),
    `  kept at ${offsetText({ partition, offset })} of its topic`,
  ]
}

function letterText(
  { reason, cause, topic, origins, timestampMs, redriven, redrive, key, value, valueBytes }: KeptLetter,
  quote = quoted,
): string {
  const from = origins.map(offsetText).join(', ')
  const isEmpty = key === undefined && value === undefined && reason !== 'NO_VALUE'
  return [
    `${reason}  ${topic} ${from}  ${new Date(timestampMs).toISOString()}`,
    `  ${quote(cause)}`,
    ...(redriven === undefined ? [] : [`  redriven before: ${redriven}`]),
    ...(redrive === undefined ? [] : [`  redriven: ${fateText(redrive)}`]),
    ...(key === undefined ? [] : [`  key ${quote(key)}`]),
    ...(value === undefined ? [] : [`  value of ${valueBytes} bytes ${quote(value)}`]),
    ...(isEmpty ? ['  no key and no value: the letter only refers to its record, unless that has none'] : []),
  ].join('\n')
}
