import type { KeptLetter } from '../streams/index.ts'
import { quoted } from './quoted.ts'

/** Dead letters for people: how many there are of each reason, then one after the other. */
export function lettersText(app: string, letters: readonly KeptLetter[]): string {
  if (letters.length === 0) return `${app}: no dead letters`
  const counts = new Map<string, number>()
  for (const { reason } of letters) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const reasons = Array.from(counts, ([reason, count]) => `${count} ${reason}`).join(', ')
  return [`${app}: the newest ${letters.length}: ${reasons}`, ...letters.map(letterText)].join('\n')
}

function letterText({ reason, cause, topic, origins, timestampMs, key, value, valueBytes }: KeptLetter): string {
  const from = origins.map(({ partition, offset }) => `${partition}@${offset}`).join(', ')
  return [
    `${reason}  ${topic} ${from}  ${new Date(timestampMs).toISOString()}`,
    `  ${quoted(cause)}`,
    ...(key === undefined ? [] : [`  key ${quoted(key)}`]),
    ...(value === undefined ? [] : [`  value of ${valueBytes} bytes ${quoted(value)}`]),
  ].join('\n')
}
