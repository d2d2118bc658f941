import { invalid } from './topology-checks.ts'

/** A time as ISO 8601 has it, such as `2026-11-29T06:00:00Z`. */
export type IsoTime = `${number}-${number}-${number}T${string}`

/**
 * Where a program that has no checkpoint yet begins to read a source: at the first record that is there; after the last
 * one; at the first one of a time or after it; or at the offsets that a consumer group has committed, the program's own
 * name unless another group is named.
 */
export type StartPosition =
  | 'earliest'
  | 'latest'
  | 'committed'
  | IsoTime
  | { readonly timestampMs: number }
  | { readonly group: string }

/** A start position, checked; a time in milliseconds since 1970. */
export type PlannedStart = 'earliest' | 'latest' | { readonly timestampMs: number } | { readonly group: string }

/** @param app - The name of the program, which is that of its group. */
export function plannedStart(app: string, id: string, from: unknown = 'earliest'): PlannedStart {
  if (from === 'earliest' || from === 'latest') return from
  if (from === 'committed') return { group: app }
  if (typeof from === 'string' && isoForm.test(from)) return timeOf(id, Date.parse(from), from)
  if (typeof from === 'object' && from !== null) {
    if ('timestampMs' in from && typeof from.timestampMs === 'number') {
      return timeOf(id, from.timestampMs, String(from.timestampMs))
    }
    if ('group' in from && typeof from.group === 'string' && from.group !== '') return { group: from.group }
  }
  const forms = '"earliest", "latest", "committed", an ISO time, { timestampMs } or { group }'
  throw invalid(`"from" of "${id}" is ${JSON.stringify(from)}; it is one of ${forms}`)
}

/** With a zone, without which a time would depend on where the program runs. */
const isoForm = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/

function timeOf(id: string, timestampMs: number, text: string): PlannedStart {
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return { timestampMs }
  throw invalid(`"from" of "${id}" is ${text}, which is no time from 1970 on`)
}

/** For people. */
export function startText(from: PlannedStart): string {
  if (typeof from === 'string') return from
  return 'group' in from ? `the offsets of group ${from.group}` : new Date(from.timestampMs).toISOString()
}
