import type { Expiry } from '../topology/plan-leaving.ts'
import type { PendingKey, PendingPart } from './explanation.ts'

/** What the parts of a key lack, and when they leave without it. @param sides - Names of all, in declared order. */
export function pendingKey<Part extends PendingPart>(
  sides: readonly string[],
  expiry: Expiry | undefined,
  parts: readonly Part[],
): PendingKey & { readonly parts: readonly Part[] } {
  const oldestMs = Math.min(...parts.map(({ timestampMs }) => timestampMs))
  return {
    parts: parts.toSorted((a, b) => sides.indexOf(a.side) - sides.indexOf(b.side)),
    missing: sides.filter((side) => !parts.some((part) => part.side === side)),
    ...(expiry && { expires: { atMs: oldestMs + expiry.afterMs, by: expiry.by } }),
  }
}
