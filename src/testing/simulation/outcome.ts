import type { Engine, PartitionAccount } from '../../streams/index.ts'
import { deadLettersOf, type DrivenDeadLetter, type DrivenRecord, expiredOf, mergedOf } from '../published.ts'

/** What a program has made of the records that it was given. */
export interface SimulationOutcome<Output, Expired = Partial<Output>> {
  /** In the order in which they were published. */
  readonly merged: readonly DrivenRecord<Output>[]
  /** Rows that have left incomplete. */
  readonly expired: readonly DrivenRecord<Expired>[]
  /** But those of rows that have expired. */
  readonly deadLetters: readonly DrivenDeadLetter[]
  /** What became of each offset, by partition of the sources. */
  readonly accounting: readonly PartitionAccount[]
}

export function outcomeOf<Output, Expired>(engines: readonly Engine[]): SimulationOutcome<Output, Expired> {
  return {
    merged: mergedOf(engines),
    expired: expiredOf(engines),
    deadLetters: deadLettersOf(engines),
    accounting: engines.flatMap(({ accounts }) => accounts),
  }
}

/**
 * Where two outcomes differ, as a sentence: what is published, as often as it is, and what has become of offsets. Not in
 * which order, nor at what time.
 */
export function differenceOf(
  disturbed: SimulationOutcome<unknown>,
  undisturbed: SimulationOutcome<unknown>,
): string | undefined {
  const kinds = { 'merged record': merged, 'expired row': expired, 'dead letter': deadLetters, account: accounts }
  for (const [kind, textsOf] of Object.entries(kinds)) {
    const [more, less] = [textsOf(disturbed), textsOf(undisturbed)].map((texts) => texts.toSorted())
    const extra = without(more!, less!)
    const missing = without(less!, more!)
    if (extra.length + missing.length === 0) continue
    const first = extra.length > 0 ? `there should be no ${extra[0]}` : `there should be ${missing[0]}`
    return `${counted(missing.length, kind)} missing, ${counted(extra.length, kind)} too many; ${first}`
  }
  return undefined
}

type Texts = (outcome: SimulationOutcome<unknown>) => string[]

const merged: Texts = (outcome) => outcome.merged.map(textOf)
const expired: Texts = (outcome) => outcome.expired.map(textOf)
// Without the places of parts: a topic in between has them in the order in which they have come from its partitions.
const deadLetters: Texts = (outcome) =>
  outcome.deadLetters.map(({ reason, cause, topic, text }) => JSON.stringify({ reason, cause, topic, text }))
const accounts: Texts = (outcome) => outcome.accounting.map((account) => JSON.stringify(account))

/** Without the same places, and without what a result of a window says of the epoch in which it was closed. */
function textOf({ topic, partition, key, text, headers }: DrivenRecord<unknown>): string {
  const { 'millrace.origins': _origins, 'millrace.aggregated': _aggregated, ...kept } = headers
  return JSON.stringify({ topic, partition, key, text, headers: kept })
}

/** What is in a list more often than in another one. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const text of others) counts.set(text, (counts.get(text) ?? 0) + 1)
  return texts.filter((text) => {
    const count = counts.get(text) ?? 0
    counts.set(text, count - 1)
    return count <= 0
  })
}

function counted(count: number, kind: string): string {
  return `${count} ${kind}${count === 1 ? '' : 's'}`
}
