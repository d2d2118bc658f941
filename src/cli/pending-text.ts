import { grouped } from '../core/grouped.ts'
import type { InspectedPending } from '../streams/index.ts'
import { quoted } from './quoted.ts'

/** The pending rows of a program for people: by the sides that they lack, by age, and the oldest ones. */
export function pendingText(app: string, pending: InspectedPending): string {
  const { takenMs, rows, byMissing, byAge, oldest } = pending
  const title = `${app}: ${count(rows)} pending, counted ${new Date(takenMs).toISOString()}`
  if (rows === 0) return title
  return [
    title,
    ...byMissing.map(({ missing, rows: each }) => `  ${count(each)} lacking ${sidesText(missing)}`),
    'by age:',
    ...byAge.flatMap(({ upToMs, rows: each }) => (each === 0 ? [] : [`  ${count(each)} ${ageText(upToMs)}`])),
    'the oldest:',
    ...oldest.map(
      ({ key, missing, oldestMs }) =>
        `  ${new Date(oldestMs).toISOString()}  ${quoted(key)}  lacking ${sidesText(missing)}`,
    ),
  ].join('\n')
}

function count(rows: number): string {
  return `${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}`
}

function sidesText(missing: readonly string[]): string {
  return missing.length === 0 ? 'parts of a list' : missing.join(', ')
}

function ageText(upToMs: number | undefined): string {
  return upToMs === undefined ? 'older than all of these' : `up to ${durationText(upToMs / 60_000)}`
}

/** In the largest unit of which it is a whole number. */
function durationText(minutes: number): string {
  const [unit, length] = minutes % 1_440 === 0 ? ['day', 1_440] : minutes % 60 === 0 ? ['hour', 60] : ['minute', 1]
  const count = minutes / length
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
