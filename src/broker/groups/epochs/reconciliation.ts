import type { Unit } from './unit.ts'

/** How far a member is on its way to its share of the target. */
export type ReconciliationState = 'stable' | 'unrevoked' | 'unreleased'

/** What a member has, and which epoch of the group it has it by. */
export interface Held {
  /** `unrevoked` while it has to give something up, `unreleased` while others have not given up what it is to get. */
  readonly state: ReconciliationState
  readonly epoch: number
  /** What it may use, with the epoch that it was given it by. */
  readonly assigned: ReadonlyMap<Unit, number>
  /** What it has been told to give up, and has not said that it has. */
  readonly revoking: ReadonlyMap<Unit, number>
}

export interface Target {
  readonly epoch: number
  readonly units: ReadonlySet<Unit>
}

interface Situation {
  readonly target: Target
  /** What the member says it has; `undefined` where it does not say. */
  readonly reported: ReadonlySet<Unit> | undefined
  /** Whether a unit may be given to the member now. */
  isFree(unit: Unit): boolean
}

/**
 * Leads a member one step towards the target: it is first told to give up what it is not to have, in its old epoch, and
 * reaches the epoch of the target once it says that it has, with as much of its share as others have given up.
 *
 * @see Kafka's CurrentAssignmentBuilder, KIP-848
 */
export function reconcile(held: Held, situation: Situation): Held {
  const { target, reported } = situation
  const [kept, revoking] = split(held.assigned, target.units)
  if (held.state === 'stable' && held.epoch === target.epoch && revoking.size === 0) return held
  if (held.state === 'unrevoked' && hasAny(reported, held.revoking)) return held
  if (hasAny(reported, revoking)) return { state: 'unrevoked', epoch: held.epoch, assigned: kept, revoking }

  const wanted = [...target.units.difference(kept)]
  const free = wanted.filter((unit) => situation.isFree(unit))
  return {
    state: free.length < wanted.length ? 'unreleased' : 'stable',
    epoch: target.epoch,
    assigned: new Map([...kept, ...free.map((unit) => [unit, target.epoch] as const)]),
    revoking: new Map(),
  }
}

/** Whether a member is to use more or less than before. */
export function isChanged({ assigned: before }: Held, { assigned }: Held): boolean {
  return before.size !== assigned.size || [...before.keys()].some((unit) => !assigned.has(unit))
}

function split(
  assigned: Held['assigned'],
  target: ReadonlySet<Unit>,
): [kept: Held['assigned'], lost: Held['assigned']] {
  const entries = [...assigned]
  return [new Map(entries.filter(([unit]) => target.has(unit))), new Map(entries.filter(([unit]) => !target.has(unit)))]
}

/** Whether a member may have any of the units; who does not say what it has may have all. */
function hasAny(reported: ReadonlySet<Unit> | undefined, units: ReadonlyMap<Unit, number>): boolean {
  return units.size > 0 && (reported === undefined || !reported.isDisjointFrom(units))
}
