import type { Side } from './plan-sides.ts'
import type { Source } from './source.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** Id of what makes the merge keys of a source by functions. */
export const keysId = ({ route }: { readonly route: Pick<Source['route'], 'id'> }) => `${route.id}-key`

/** Whether a function makes the merge keys of a side. */
export function isKeyMade({ key }: Pick<Side, 'key'>): boolean {
  return key.kind === 'keyFunction'
}

/**
 * Fails where something is looked for in values of any bytes, which nobody looks into, or where an operator has the id
 * of what makes a source's keys.
 */
export function checkSources({ name, sources }: Topology, sides: readonly Side[], ids: readonly string[]): void {
  for (const source of sources) {
    const isMade = sides.some((side) => Object.hasOwn(source.route.stages, side.name) && isKeyMade(side))
    if (isMade && ids.includes(keysId(source))) {
      refuse(name, `"${keysId(source)}" is the id of what makes the merge keys of "${source.id}", and of an operator`)
    }
    const [, another] = source.steps.filter(({ kind }) => kind === 'flatMap')
    if (another !== undefined)
      refuse(name, `"${another.id}" is the second flatMap of "${source.id}", which may have one`)
    if (!areOpaque(source)) continue
    const { by } = source.route
    if (typeof by === 'object' && by.kind === 'field') {
      refuse(
        name,
        `"${source.route.id}" looks for a field in the bytes of "${source.id}", which rawBytes does not look into`,
      )
    }
    if (source.timestamp !== undefined) {
      refuse(name, `"${source.id}" looks for its timestamp in bytes, which rawBytes does not look into`)
    }
    for (const side of sides) {
      if (!Object.hasOwn(source.route.stages, side.name)) continue
      if ('path' in side.key || side.part.kind === 'field') {
        refuse(
          name,
          `side "${side.name}" needs a field of the bytes of "${source.id}", which rawBytes does not look into`,
        )
      }
    }
  }
}

/** How many records a flatMap makes of one at most: lanes that each partition of the source has. */
export function laneCountOf({ steps }: Pick<Source, 'steps'>): number {
  return steps.find((step) => step.kind === 'flatMap')?.partsMax ?? 1
}

/** Whether values come to the route as a text in base64, or as parts: nothing is looked for in them. */
export function areOpaque({ decode, steps }: Pick<Source, 'decode' | 'steps'>): boolean {
  if (areParts({ decode })) return true
  return (
    typeof decode === 'object' &&
    decode.framing.kind === 'rawBytes' &&
    !steps.some(({ kind }) => kind === 'map' || kind === 'flatMap')
  )
}

/** Whether values are parts, as a program in the layout `routed` has made them before. */
export function areParts({ decode }: Pick<Source, 'decode'>): boolean {
  return typeof decode === 'object' && decode.framing.kind === 'routedPart'
}
