import type { Plan } from '../topology/plan.ts'

type Path = readonly string[]

/** What of a program its checkpoint depends on. Another value makes the pending parts mean something else. */
export interface TopologyShape {
  readonly source: string
  /** Field that names the stage; null where a function does. */
  readonly route: Path | null
  readonly key: Path
  /** In declared order. */
  readonly sides: readonly SideShape[]
}

interface SideShape {
  readonly name: string
  /** Field that is kept, or what else is. */
  readonly part: Path | 'record' | 'stage'
  readonly version: number
}

/** Functions cannot be compared; whoever changes one so that it keeps other parts raises the stage's version. */
export function shapeOf({ source, route, sides, correlate }: Plan): TopologyShape {
  return {
    source: source.topic,
    route: typeof route.by === 'function' ? null : route.by.path,
    key: correlate.key.path,
    sides: sides.map(({ name, part, stage: { version } }) => ({
      name,
      part: part.kind === 'field' ? part.path : part.kind,
      version,
    })),
  }
}

/** What differs, one text for each, from the checkpoint's point of view. */
export function differences(before: TopologyShape, now: TopologyShape): string[] {
  const [was, is] = [textsOf(before), textsOf(now)]
  const names = new Set([...was.keys(), ...is.keys()])
  return [...names]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => `${name} was ${was.get(name) ?? 'absent'} and is ${is.get(name) ?? 'absent'}`)
}

function textsOf({ source, route, key, sides }: TopologyShape): Map<string, string> {
  return new Map([
    ['source', source],
    ['route', route === null ? 'a function' : textOf(route)],
    ['key', textOf(key)],
    ['sides', sides.map(({ name }) => JSON.stringify(name)).join(', ')],
    ...sides.map(
      ({ name, part, version }) => [`stage ${JSON.stringify(name)}`, `${textOf(part)}, version ${version}`] as const,
    ),
  ])
}

function textOf(part: Path | string): string {
  return typeof part === 'string' ? part : `field ${JSON.stringify(part)}`
}
