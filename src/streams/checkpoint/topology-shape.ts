import type { KeyEncoding } from '../topology/key.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import type { Side } from '../topology/plan-sides.ts'

type Path = readonly string[]

/** What of a program its checkpoint depends on. Another value makes the pending parts mean something else. */
export interface TopologyShape {
  readonly sources: readonly SourceShape[]
  /** Name of the key in merged records, on which nothing depends. */
  readonly keyName: string
  /** In declared order. */
  readonly sides: readonly SideShape[]
}

interface SourceShape {
  readonly topic: string
  /** Field that names the stage; null where a function does; a side where all records are of it. */
  readonly route: Path | null | { readonly side: string }
}

interface SideShape {
  readonly name: string
  readonly key: KeyShape
  /** Field that is kept, or what else is. */
  readonly part: Path | 'record' | 'stage'
  readonly version: number
  /** Whether a merge does without it. @defaultValue false */
  readonly isOptional?: boolean
}

/** A field, or where else the key stands. */
export type KeyShape =
  | Path
  | { readonly field: Path; readonly as: 'string' | 'number' }
  | { readonly recordKey: KeyEncoding }
  | { readonly header: string; readonly as: KeyEncoding }

/** Functions cannot be compared; whoever changes one so that it keeps other parts raises the stage's version. */
export function shapeOf({ sources, sides, correlate }: Plan): TopologyShape {
  return {
    sources: sources.map((source) => ({ topic: source.topic, route: routeShape(source, sides) })),
    keyName: correlate.keyName,
    sides: sides.map(({ name, key, part, isOptional, stage: { version } }) => ({
      name,
      key: keyShape(key),
      part: part.kind === 'field' ? part.path : part.kind,
      version,
      ...(isOptional && { isOptional }),
    })),
  }
}

function routeShape({ route, sides: [only] }: PlannedSource, sides: readonly Side[]): SourceShape['route'] {
  if (route.by === undefined) return { side: sides[only!]!.name }
  return typeof route.by === 'function' ? null : route.by.path
}

function keyShape(key: Side['key']): KeyShape {
  switch (key.kind) {
    case 'field':
      return key.path
    case 'convertedField':
      return { field: key.path, as: key.as }
    case 'recordKey':
      return { recordKey: key.as }
    case 'header':
      return { header: key.name, as: key.as }
  }
}

/**
 * What differs, one text for each, from the checkpoint's point of view. The order of sources does not matter, and a side
 * may become optional: one that no longer is would make expired rows of what was merged without it, in an audit.
 */
export function differences(before: TopologyShape, now: TopologyShape): string[] {
  const isSingle = before.sources.length === 1 && now.sources.length === 1
  const [was, is] = [textsOf(before, isSingle), textsOf(now, isSingle)]
  const names = new Set([...was.keys(), ...is.keys()])
  const required = before.sides.filter(
    (side) => side.isOptional && now.sides.some(({ name, isOptional }) => name === side.name && !isOptional),
  )
  return [
    ...[...names]
      .filter((name) => was.get(name) !== is.get(name))
      .map((name) => `${name} was ${was.get(name) ?? 'absent'} and is ${is.get(name) ?? 'absent'}`),
    ...required.map(({ name }) => `side ${JSON.stringify(name)} was optional and is required`),
  ]
}

function textsOf({ sources, sides }: TopologyShape, isSingle: boolean): Map<string, string> {
  const [first] = sources
  const topics = sources.map(({ topic }) => JSON.stringify(topic)).sort()
  const keys = new Set(sides.map(({ key }) => textOf(key)))
  return new Map([
    isSingle ? (['source', first!.topic] as const) : (['sources', topics.join(', ')] as const),
    ...sources.map(
      ({ topic, route }) =>
        [isSingle ? 'route' : `route of source ${JSON.stringify(topic)}`, routeText(route)] as const,
    ),
    ['key', keys.size > 1 ? 'that of each side' : [...keys].join()] as const,
    ['sides', sides.map(({ name }) => JSON.stringify(name)).join(', ')] as const,
    ...sides.map(
      ({ name, part, version }) => [`stage ${JSON.stringify(name)}`, `${textOf(part)}, version ${version}`] as const,
    ),
    ...(keys.size > 1
      ? sides.map(({ name, key }) => [`key of side ${JSON.stringify(name)}`, textOf(key)] as const)
      : []),
  ])
}

function routeText(route: SourceShape['route']): string {
  if (route === null) return 'a function'
  return 'side' in route ? `side ${JSON.stringify(route.side)}` : textOf(route)
}

function textOf(part: KeyShape | string): string {
  if (typeof part === 'string') return part
  if ('field' in part) return `field ${JSON.stringify(part.field)} as a ${part.as}`
  if ('recordKey' in part) return `the key of the record as ${part.recordKey}`
  if ('header' in part) return `header ${JSON.stringify(part.header)} as ${part.as}`
  return `field ${JSON.stringify(part)}`
}
