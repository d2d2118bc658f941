import type { Group } from '../../../test/examples/example.ts'
import { compare } from '../../../test/examples/model.ts'
import type { PlacedRecord } from '../../../test/examples/placed-records.ts'

/** A record that a program has written, and to which topic. */
export interface Published {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  /** What of a trace it carries on, as models have it. */
  readonly trace: string
}

/** How what came out differs from what a model says; of dead letters peers have none. */
export interface Finding {
  readonly records: number
  /** Groups of which not all came out. */
  readonly missing: number
  /** Records that came out besides. */
  readonly surplus: number
  /** Whether values are as the model has them byte for byte, and not only as JSON. */
  readonly hasSameBytes: boolean
}

/** Compares what came out with what may become of each group, as JSON. */
export function judge(
  groups: readonly Group[],
  placed: readonly PlacedRecord[],
  sink: string,
  published: readonly Published[],
): Finding {
  const asJson = difference(canonical)
  return {
    records: published.length,
    ...asJson,
    hasSameBytes: difference((text) => text).missing === asJson.missing,
  }

  function difference(formOf: (text: string) => string) {
    const found = published.map(({ value, ...rest }) => ({ ...rest, value: value && formOf(value) }))
    const wanted = groups.map(({ records, outcomes }) => ({
      records,
      outcomes: outcomes.map(({ merged }) => ({
        merged: merged.map((record) => ({ ...record, value: record.value && formOf(record.value) })),
        deadLetters: [],
      })),
    }))
    const { missing, surplus } = compare(wanted, placed, sink, { merged: found, deadLetters: [] })
    const counts = surplus.map((text) => Number(/^\d+/.exec(text)![0]))
    return { missing: missing.length, surplus: counts.reduce((sum, count) => sum + count, 0) }
  }
}

/** A finding as a cell of a table. */
export function textOf({ records, missing, surplus, hasSameBytes }: Finding): string {
  const bytes = hasSameBytes ? '' : ', as JSON'
  if (missing === 0 && surplus === 0) return `the same${bytes}: ${records} records`
  return `${missing} groups missing, ${surplus} records too many, of ${records}${bytes}`
}

/** JSON in one form: equal texts for equal values, with fields in their order. */
function canonical(text: string): string {
  return JSON.stringify(JSON.parse(text))
}
