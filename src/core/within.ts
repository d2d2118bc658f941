import type { Clock } from './clock.ts'

/** What `work` resolves to, or `otherwise` when it takes longer than `ms`; an infinite `ms` sets no bound. */
export async function within<Value>(clock: Clock, ms: number, work: Promise<Value>, otherwise: Value): Promise<Value> {
  if (ms === Infinity) return work
  const { promise: late, resolve } = Promise.withResolvers<Value>()
  const timer = clock.setTimer({ afterMs: ms }, () => resolve(otherwise))
  try {
    return await Promise.race([work, late])
  } finally {
    timer.cancel()
  }
}
