import type { PartSource } from '../../kernel/index.ts'
import type { Key, KeyFunction } from './key.ts'
import { keyNameOf } from './key-name.ts'
import type { Stage } from './stage.ts'
import { type PlannedList, planList } from './plan-parts.ts'
import { isByName, refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

export interface Side {
  readonly name: string
  readonly stage: Stage
  /** Whether a user's function or schema sees each record. */
  readonly isActive: boolean
  readonly part: PartSource
  readonly key: SideKey
  /** Whether a merge does without it. */
  readonly isOptional: boolean
  /** Whether its last part before the merge counts, and not the first. */
  readonly isLatest: boolean
  /** Absent where it has one part. */
  readonly list: PlannedList | undefined
}

/** Where the merge key of a side's records stands, or the function that makes it. */
export type SideKey = Exclude<Key, KeyFunction> | { readonly kind: 'keyFunction'; readonly make: KeyFunction }

const sidesMin = 2
const sidesMax = 16

export function planSides({ name, layout, sources, correlate, aggregation }: Topology): Side[] {
  const { of } = correlate
  const lists = Object.keys(correlate.collect)
  const isOneEnough =
    layout === 'routed' || aggregation !== undefined || typeof correlate.collect[of[0]!]?.count === 'number'
  const fewest = isOneEnough ? 1 : sidesMin
  if (of.length < fewest || of.length + lists.length > sidesMax) {
    const which = lists.length === 0 ? 'sides' : 'sides, of which lists count twice'
    refuse(name, `"${correlate.id}" has ${of.length + lists.length} ${which}; it takes ${fewest} to ${sidesMax}`)
  }
  const twice = of.find((side, index) => of.indexOf(side) !== index)
  if (twice !== undefined) refuse(name, `"${correlate.id}" names side "${twice}" twice`)
  for (const { route } of sources) {
    const dangling = Object.keys(route.stages).find((stage) => !of.includes(stage))
    if (dangling === undefined) continue
    refuse(name, `stage "${dangling}" of "${route.id}" leads nowhere: "${correlate.id}" does not name it in "of"`)
  }
  return of.map((side) => planSide({ name, sources, correlate }, side))
}

function planSide({ name, sources, correlate }: Pick<Topology, 'name' | 'sources' | 'correlate'>, side: string): Side {
  const routes = sources.map(({ route }) => route).filter(({ stages }) => Object.hasOwn(stages, side))
  const [route] = routes
  if (route === undefined) {
    const where = sources.length === 1 ? `"${sources[0]!.route.id}" has` : 'its sources have'
    refuse(name, `"${correlate.id}" names side "${side}", but ${where} no such stage`)
  }
  const stage = route.stages[side]!
  if (routes.some(({ stages }) => stages[side] !== stage)) {
    refuse(name, `side "${side}" comes from two sources with a stage each; give both the same one, or two sides`)
  }
  if (!stage.deterministic && typeof stage.part !== 'function') {
    refuse(
      name,
      `stage "${side}" of "${route.id}" is declared not deterministic, but has no function that makes its part`,
    )
  }
  return {
    name: side,
    stage,
    isActive: typeof stage.part === 'function' || stage.schema !== undefined,
    part: partOf(stage),
    key: keyOf({ name, correlate }, side),
    isOptional: correlate.optional?.sides.includes(side) ?? false,
    isLatest: correlate.latest.includes(side),
    list: planList(correlate, side),
  }
}

function keyOf({ name, correlate: { id, key } }: Pick<Topology, 'name' | 'correlate'>, side: string): SideKey {
  if (isByName(key) && !Object.hasOwn(key, side)) refuse(name, `"${id}" has no key for side "${side}"`)
  const own = (isByName(key) ? key[side] : key) as Key
  return typeof own === 'function' ? { kind: 'keyFunction', make: own } : own
}

export function planKeyName({ name, correlate }: Topology): string {
  const { id, key } = correlate
  const unknown = isByName(key) ? Object.keys(key).find((side) => !correlate.of.includes(side)) : undefined
  if (unknown !== undefined) refuse(name, `"${id}" has a key for side "${unknown}", which it does not name in "of"`)
  const keyName = keyNameOf(correlate)
  if (keyName !== undefined) return keyName
  refuse(name, `"${id}" needs a keyName: the key of its first side is not a property, whose name the key would have`)
}

function partOf({ part }: Stage): PartSource {
  if (part === undefined) return { kind: 'record' }
  return typeof part === 'function' ? { kind: 'stage' } : { kind: 'field', path: part.path }
}
