import { grouped } from '../core/grouped.ts'
import type { Inspection } from '../streams/index.ts'

/** Whether a process may be given work, or waits rightly for its turn; with the reason where not. */
export interface Readiness {
  readonly isReady: boolean
  readonly reason: string
}

/** Brokers that have not answered for so long are taken to be away, in milliseconds. */
const unansweredMsMax = 3_000

export interface ReadinessBounds {
  readonly readyDelayMaxMs: number
}

/** Judges a process by what is seen of it: of all subtopologies, the first one that is not ready decides. */
export function readinessOf(inspection: Inspection, bounds: ReadinessBounds): Readiness {
  const first = ofOne(inspection, bounds)
  if (!first.isReady) return first
  for (let { next } = inspection; next !== undefined; next = next.next) {
    const { isReady, reason } = ofOne(next, bounds)
    if (!isReady) return notReady(`${next.app} ${reason}`)
  }
  return first
}

/** Judges one subtopology, without those after it. */
function ofOne(inspection: Inspection, { readyDelayMaxMs }: ReadinessBounds): Readiness {
  const { role, hasEnded, waiting, unansweredMs } = inspection
  if (hasEnded) return notReady('has ended')
  if (waiting !== undefined) {
    const { sinceMs, error } = waiting
    const since = new Date(sinceMs).toISOString()
    return notReady(`waits for Kafka since ${since}: ${waiting.for}${error === undefined ? '' : `; ${error}`}`)
  }
  if (unansweredMs > unansweredMsMax) return notReady(`brokers have not answered for ${seconds(unansweredMs)}`)
  if (role === 'incompatible') return notReady('the active process is another program of the same name')
  return role === 'standby'
    ? standbyReadiness(inspection, readyDelayMaxMs)
    : activeReadiness(inspection, readyDelayMaxMs)
}

function standbyReadiness({ standbyAgeMs }: Inspection, ageMaxMs: number): Readiness {
  if (standbyAgeMs === undefined) return ready('stands by, without a table')
  if (standbyAgeMs <= ageMaxMs) return ready(`stands by; its table is ${seconds(standbyAgeMs)} old`)
  return notReady(`stands by, but its table is ${seconds(standbyAgeMs)} old`)
}

function activeReadiness({ isCaughtUp, partitions }: Inspection, delayMaxMs: number): Readiness {
  const lag = partitions.reduce((sum, partition) => sum + partition.lag, 0)
  if (!isCaughtUp) return notReady(`has not caught up: ${grouped(lag)} records to go`)
  const delayMs = Math.max(0, ...partitions.map((partition) => partition.delayMs ?? 0))
  if (delayMs > delayMaxMs) return notReady(`is ${seconds(delayMs)} behind: ${grouped(lag)} records to go`)
  return ready('is the active process, and has caught up')
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function ready(reason: string): Readiness {
  return { isReady: true, reason }
}

function notReady(reason: string): Readiness {
  return { isReady: false, reason }
}
