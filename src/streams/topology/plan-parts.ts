import { type FieldPath, listPartsMax } from '../../kernel/index.ts'
import type { ListOptions } from './correlation.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** A side of which a merged record has a list of parts. */
export interface PlannedList {
  /** How many it has; undefined where only time ends it. */
  readonly count: number | ToldCount | undefined
}

/** A field of the parts of another side, by its index, that tells the number. */
export interface ToldCount {
  readonly side: number
  readonly path: FieldPath
}

const listPartsMin = 2

/** Checks what says which parts of a side count, and which sides a merge needs. */
export function checkParts(topology: Topology): void {
  checkAtLeast(topology)
  const { name, correlate } = topology
  const { id, of, latest, collect } = correlate
  const checkNamed = (what: string, sides: readonly string[]) => {
    const unknown = sides.find((side) => !of.includes(side))
    if (unknown !== undefined) refuse(name, `"${id}" ${what} side "${unknown}", which it does not name in "of"`)
  }
  checkNamed('takes the latest part of', latest)
  checkNamed('collects the parts of', Object.keys(collect))
  const both = latest.find((side) => Object.hasOwn(collect, side))
  if (both !== undefined) refuse(name, `"${id}" collects the parts of side "${both}", so it has no latest one`)
  for (const [side, list] of Object.entries(collect)) checkList(topology, side, list)
}

/** Fails for a number of sides that cannot be all that a merge needs. */
function checkAtLeast({ name, correlate }: Topology): void {
  const { id, of, atLeast, optional, collect, expireAfterMs, rememberCompleted } = correlate
  if (atLeast === undefined) return
  if (!Number.isSafeInteger(atLeast) || atLeast < 2 || atLeast >= of.length) {
    refuse(
      name,
      `atLeast of "${id}" is ${atLeast}; of ${of.length} sides it is a whole number from 2 to ${of.length - 1}`,
    )
  }
  if (optional !== undefined || Object.keys(collect).length > 0) {
    refuse(name, `"${id}" has atLeast, so it takes neither optional sides nor lists`)
  }
  if (expireAfterMs === undefined && rememberCompleted === undefined) {
    refuse(name, `"${id}" has atLeast, so it needs rememberCompleted or expireAfterMs: the other parts come later`)
  }
}

function checkList({ name, correlate }: Topology, side: string, { count }: ListOptions<string>): void {
  const { id, of, latest, collect, optional } = correlate
  const isOptional = (each: string) => optional?.sides.includes(each) ?? false
  const what = `the count of side "${side}" of "${id}"`
  if (count === undefined) {
    if (!isOptional(side))
      refuse(name, `"${id}" collects the parts of side "${side}" without a count, so it is optional`)
  } else if (typeof count === 'number') {
    if (Number.isSafeInteger(count) && count >= listPartsMin && count <= listPartsMax) return
    refuse(name, `${what} is ${count}; it is a whole number from ${listPartsMin} to ${listPartsMax}`)
  } else {
    const teller = count.side
    if (!of.includes(teller)) refuse(name, `${what} is told by side "${teller}", which it does not name in "of"`)
    if (latest.includes(teller)) refuse(name, `${what} is told by side "${teller}", of which the latest part counts`)
    if (Object.hasOwn(collect, teller)) refuse(name, `${what} is told by side "${teller}", which is a list itself`)
    if (isOptional(teller) && !isOptional(side)) {
      refuse(name, `${what} is told by side "${teller}", which is optional, so it is optional itself`)
    }
    const another = Object.entries(collect).find(
      ([other, list]) => other !== side && typeof list.count === 'object' && list.count.side === teller,
    )
    if (another !== undefined) refuse(name, `side "${teller}" tells the count of "${side}" and of "${another[0]}"`)
  }
}

/** The list that a side is, if it is one. */
export function planList({ of, collect }: Topology['correlate'], side: string): PlannedList | undefined {
  if (!Object.hasOwn(collect, side)) return undefined
  const { count } = collect[side]!
  return { count: typeof count === 'object' ? { side: of.indexOf(count.side), path: count.field.path } : count }
}
