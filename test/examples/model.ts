import type { ExpectedRecord, Group, Outcome } from './example.ts'
import type { PlacedRecord } from './placed-records.ts'

/** What a program has written, under the names that topics have in the example. */
export interface Found {
  readonly merged: readonly Required<ExpectedRecord>[]
  readonly deadLetters: readonly FoundLetter[]
}

export interface FoundLetter {
  readonly reason: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** How what was found differs from the model. */
export interface Difference {
  /** Groups of which none of the outcomes is there. */
  readonly missing: readonly Group[]
  /** What is there besides, as text. */
  readonly surplus: readonly string[]
}

/** Takes from all that was found one outcome of each group; a larger one goes before one that is a part of it. */
export function compare(
  groups: readonly Group[],
  placed: readonly PlacedRecord[],
  sink: string,
  { merged, deadLetters }: Found,
): Difference {
  const placeOf = new Map(placed.map((each) => [each.record, each]))
  const found = new Map<string, number>()
  for (const record of merged) add(found, recordText(record.topic, record), 1)
  for (const { reason, topic, partition, offset } of deadLetters)
    add(found, letterText(reason, topic, partition, offset), 1)
  const missing = groups.filter(({ outcomes }) => !outcomes.map(textsOf).sort(longestFirst).some(take))
  const surplus = [...found].flatMap(([text, count]) => (count > 0 ? [`${count} x ${text}`] : []))
  return { missing, surplus }

  function textsOf({ merged: records, deadLetters: letters }: Outcome): string[] {
    return [
      ...records.map((record) => recordText(record.topic ?? sink, record)),
      ...letters.map(({ reason, record }) => {
        const { partition, offset } = placeOf.get(record)!
        return letterText(reason, record.topic, partition, offset)
      }),
    ]
  }

  /** All of an outcome, or nothing. */
  function take(texts: readonly string[]): boolean {
    const counts = new Map<string, number>()
    for (const text of texts) add(counts, text, 1)
    if (![...counts].every(([text, count]) => (found.get(text) ?? 0) >= count)) return false
    for (const [text, count] of counts) add(found, text, -count)
    return true
  }
}

function recordText(topic: string, { key, value, trace = '' }: ExpectedRecord): string {
  return `${topic}: ${key} = ${value} ${trace}`.trimEnd()
}

/** The trace that a record carries on, by its headers. */
export function traceOf(headers: ReadonlyMap<string, string>): string {
  return ['traceparent', 'tracestate'].flatMap((name) => headers.get(name) ?? []).join(' ')
}

function letterText(reason: string, topic: string, partition: number, offset: number): string {
  return `${reason}: ${topic}/${partition}/${offset}`
}

function longestFirst(a: readonly string[], b: readonly string[]): number {
  return b.length - a.length
}

function add(counts: Map<string, number>, text: string, count: number): void {
  counts.set(text, (counts.get(text) ?? 0) + count)
}
