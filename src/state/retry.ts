import { type Clock, sleep } from '../core/clock.ts'
import { nextFloat, type Random } from '../core/random.ts'

/** The first wait is below a millisecond; the bound doubles each time, up to this. */
const waitMsMax = 64

/** Waits for a drawn time before a transaction runs again, `attempt` times after it has met a conflict already. */
export function waitToRetry(
  attempt: number,
  { clock, random }: { clock: Clock; random: Random },
  signal: AbortSignal | undefined,
): Promise<void> {
  return sleep(clock, nextFloat(random) * Math.min(2 ** attempt, waitMsMax), signal)
}
