/**
 * A piece of work that a group shares out: a partition of a topic, or a task of a subtopology, by the id of topic or
 * subtopology and a number.
 */
export type Unit = `${string}:${number}`

/** Units as messages spell them. */
export interface UnitList {
  /** Id of the topic or subtopology. */
  readonly of: string
  readonly numbers: readonly number[]
}

export function unitOf(of: string, number: number): Unit {
  return `${of}:${number}`
}

/** The id of the topic or subtopology that a unit belongs to. */
export function ownerIdOf(unit: Unit): string {
  return unit.slice(0, unit.lastIndexOf(':'))
}

export function numberOf(unit: Unit): number {
  return Number(unit.slice(unit.lastIndexOf(':') + 1))
}

export function unitsOf(lists: readonly UnitList[]): Set<Unit> {
  return new Set(lists.flatMap(({ of, numbers }) => numbers.map((number) => unitOf(of, number))))
}

/** Units by topic or subtopology, numbers ascending. */
export function listsOf(units: Iterable<Unit>): UnitList[] {
  const byOwner = Map.groupBy(units, ownerIdOf)
  return Array.from(byOwner, ([of, owned]) => ({ of, numbers: owned.map(numberOf).sort((a, b) => a - b) }))
}
