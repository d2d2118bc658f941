import type { WhenFull } from './correlation.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** When incomplete rows leave, and where they go; without a topic, to the dead letters. */
export interface Expiry {
  readonly afterMs: number
  readonly by: 'eventTime' | 'processingTime'
  /** That of all of them. */
  readonly topic: string | undefined
  /** By the name of a missing side, where topics differ by that. */
  readonly topics?: Readonly<Record<string, string>>
}

/** How long, and how many, keys are remembered that have been merged. */
export interface Memory {
  readonly forMs: number
  readonly keysMax: number
  readonly by: 'eventTime' | 'processingTime'
}

/** Whether rows expire, or completed keys are forgotten, by the time that records tell. */
export function goByEventTime({ expiry, memory }: { expiry: Expiry | undefined; memory: Memory | undefined }): boolean {
  return (expiry ?? memory)?.by === 'eventTime'
}

/** A wait is counted in eighths. */
const withinMsMin = 8
const durations = `a whole number of milliseconds from 1 to ${Number.MAX_SAFE_INTEGER}`
const rememberedKeysDefault = 1_000_000
/** More would not leave much of the table's memory for parts. */
const rememberedKeysMax = 20_000_000

export function planExpiry({ name, correlate }: Topology): Expiry | undefined {
  const { id, of, expireAfterMs, expireBy, expireTo } = correlate
  if (expireAfterMs === undefined) {
    if (expireTo !== undefined) refuse(name, `"${id}" has expireTo, but no expireAfterMs, so nothing ever goes there`)
    return undefined
  }
  if (!Number.isSafeInteger(expireAfterMs) || expireAfterMs < 1) {
    refuse(name, `expireAfterMs of "${id}" is ${expireAfterMs}; it is ${durations}`)
  }
  const expiry = { afterMs: expireAfterMs, by: expireBy }
  if (typeof expireTo !== 'object') return { ...expiry, topic: expireTo }
  const unknown = Object.keys(expireTo).find((side) => !of.includes(side))
  if (unknown !== undefined) refuse(name, `expireTo of "${id}" has side "${unknown}", which it does not name in "of"`)
  return { ...expiry, topic: undefined, topics: expireTo }
}

/** The topics of expired rows, each once. */
export function expiryTopics(expiry: Expiry | undefined): string[] {
  return [...new Set([...(expiry?.topic === undefined ? [] : [expiry.topic]), ...Object.values(expiry?.topics ?? {})])]
}

/** Where a row goes that lacks sides, in declared order; undefined for the dead letters. */
export function expiryTopicOf({ topic, topics = {} }: Expiry, missing: readonly string[]): string | undefined {
  const side = missing.find((each) => Object.hasOwn(topics, each))
  return side === undefined ? topic : topics[side]
}

const outcomesWhenFull: readonly unknown[] = ['stop', 'expire-oldest', 'promote'] satisfies WhenFull[]

export function planWhenFull({ name, correlate: { id, whenFull } }: Topology): WhenFull {
  if (outcomesWhenFull.includes(whenFull)) return whenFull
  refuse(name, `whenFull of "${id}" is ${JSON.stringify(whenFull)}; it is "stop", "expire-oldest" or "promote"`)
}

export function planMemory({ name, correlate }: Topology): Memory | undefined {
  const { id, rememberCompleted, expireBy } = correlate
  if (rememberCompleted === undefined) return undefined
  const { forMs, keysMax = rememberedKeysDefault } = rememberCompleted
  if (!Number.isSafeInteger(forMs) || forMs < 1) {
    refuse(name, `forMs of rememberCompleted of "${id}" is ${forMs}; it is ${durations}`)
  }
  if (!Number.isSafeInteger(keysMax) || keysMax < 1 || keysMax > rememberedKeysMax) {
    refuse(
      name,
      `keysMax of rememberCompleted of "${id}" is ${keysMax}; it is a whole number from 1 to ${rememberedKeysMax}`,
    )
  }
  return { forMs, keysMax, by: expireBy }
}

export function planOptional({ name, correlate }: Topology): number | undefined {
  const { id, of, optional, expireAfterMs, rememberCompleted } = correlate
  if (optional === undefined) return undefined
  const { sides, withinMs } = optional
  const unknown = sides.find((side) => !of.includes(side))
  if (unknown !== undefined) refuse(name, `"${id}" has the optional side "${unknown}", which it does not name in "of"`)
  if (sides.length === 0 || of.every((side) => sides.includes(side))) {
    refuse(name, `some sides of "${id}" are optional, not ${sides.length === 0 ? 'none' : 'all'}`)
  }
  if (!Number.isSafeInteger(withinMs) || withinMs < withinMsMin) {
    refuse(
      name,
      `withinMs of the optional sides of "${id}" is ${withinMs}; it is a whole number from ${withinMsMin} on`,
    )
  }
  if (expireAfterMs === undefined && rememberCompleted === undefined) {
    refuse(
      name,
      `"${id}" has optional sides, so it needs rememberCompleted or expireAfterMs: parts of them may be late`,
    )
  }
  return withinMs
}
