import type { FieldPath } from '../../kernel/index.ts'
import type { KeyShape, TopologyShape } from './topology-shape.ts'

type Path = FieldPath

/**
 * A topology as manifests have it: one of a single source whose sides all have their key in one field is written as it
 * was before there were others, so that both versions read the checkpoint of the other.
 */
export type WrittenShape = SingleSourceShape | TopologyShape

interface SingleSourceShape {
  readonly source: string
  readonly route: Path | null
  readonly key: Path
  readonly sides: readonly Pick<TopologyShape['sides'][number], 'name' | 'part' | 'version'>[]
}

export function writtenShape(shape: TopologyShape): WrittenShape {
  const { sources, keyName, sides } = shape
  const [source, another] = sources
  const key = commonField(sides.map((side) => side.key))
  if (source === undefined || another !== undefined || !(source.route === null || isPath(source.route))) return shape
  if ([source.decode, source.steps, source.timestamp].some((each) => each !== undefined)) return shape
  if (key === undefined || key.at(-1) !== keyName || sides.some(hasMore) || shape.atLeast !== undefined) return shape
  if (shape.windows !== undefined || shape.isRouted === true) return shape
  return {
    source: source.topic,
    route: source.route,
    key,
    sides: sides.map(({ name, part, version }) => ({ name, part, version })),
  }
}

/** Whether there is more to say of a side than there was before. */
function hasMore({ isOptional, list }: TopologyShape['sides'][number]): boolean {
  return isOptional === true || list !== undefined
}

export function readShape(written: WrittenShape): TopologyShape {
  if ('sources' in written) return written
  const { source, route, key, sides } = written
  return {
    sources: [{ topic: source, route }],
    keyName: String(key.at(-1)),
    sides: sides.map(({ name, part, version }) => ({ name, key, part, version })),
  }
}

/** The field that all keys are, if they are. */
function commonField(keys: readonly KeyShape[]): Path | undefined {
  const [first = []] = keys
  const isCommon = keys.every((key) => isPath(key) && JSON.stringify(key) === JSON.stringify(first))
  return isCommon && isPath(first) ? first : undefined
}

function isPath(key: KeyShape | TopologyShape['sources'][number]['route']): key is Path {
  return Array.isArray(key)
}
