import type { Manifest } from './manifest.ts'
import { keyShapeText, type TopologyShape } from './topology-shape.ts'

/** What a start does to a checkpoint of another version of the program, by itself. */
export type Migration =
  /** The pending parts of a side are made again from the source. */
  | { readonly kind: 'version'; readonly side: string; readonly was: number; readonly is: number }
  /** Pending rows wait for a further optional side, as new ones do. */
  | { readonly kind: 'side'; readonly side: string }
  /** The key of a side stands in another place, or is read as something else: its pending parts are taken in again. */
  | { readonly kind: 'key'; readonly side: string; readonly was: string; readonly is: string }
  /** The values of a source are something else; its pending records are taken in again. */
  | { readonly kind: 'decoding'; readonly topic: string; readonly was: string; readonly is: string }
  /** A further topic is read, from its start position. */
  | { readonly kind: 'source'; readonly topic: string }
  /** A topic is read no more: nothing of it is pending. */
  | { readonly kind: 'removed'; readonly topic: string }
  /** A topic is read again that was read before, from where that was left. */
  | { readonly kind: 'returned'; readonly topic: string }

/**
 * What a start migrates, and the shape that the checkpoint has then; where that still differs from the program's, the
 * program cannot go on from it. Sides are numbered in their order, so further ones come last; they are optional, because
 * pending rows might wait for a part of them that was passed over.
 */
export function migrationOf(
  { topology: before, former = [] }: Pick<Manifest, 'topology' | 'former'>,
  now: TopologyShape,
): { readonly shape: TopologyShape; readonly migrations: readonly Migration[] } {
  const migrations: Migration[] = []
  const sides = before.sides.map((side) => {
    const { name } = side
    const { version, key } = now.sides.find((each) => each.name === name) ?? side
    if (version !== side.version) migrations.push({ kind: 'version', side: name, was: side.version, is: version })
    const [was, is] = [keyShapeText(side.key), keyShapeText(key)]
    if (was !== is) migrations.push({ kind: 'key', side: name, was, is })
    return { ...side, version, key }
  })
  const addedSides = now.sides.slice(sides.length)
  if (addedSides.every(({ isOptional }) => isOptional)) {
    sides.push(...addedSides)
    for (const { name } of addedSides) migrations.push({ kind: 'side', side: name })
  }
  const sources = before.sources.map((source) => {
    const { decode } = now.sources.find(({ topic }) => topic === source.topic) ?? source
    const { decode: had, ...others } = source
    const [was, is] = [had ?? 'json', decode ?? 'json']
    if (was !== is) migrations.push({ kind: 'decoding', topic: source.topic, was, is })
    return { ...others, ...(decode !== undefined && { decode }) }
  })
  const kept = sources.filter(({ topic }) => isSourceOf(now, topic))
  const added = now.sources.filter(({ topic }) => !isSourceOf(before, topic))
  const isSmaller = kept.length < sources.length
  // Another topic in place of one is no further one, and it is to be meant that one is read no more.
  const areReplaced = isSmaller && (added.length > 0 || kept.length === 0)
  if (areReplaced) return { shape: { ...before, sides, sources }, migrations }
  for (const { topic } of sources) if (!isSourceOf(now, topic)) migrations.push({ kind: 'removed', topic })
  for (const { topic } of added) {
    migrations.push({ kind: former.some((each) => each.topic === topic) ? 'returned' : 'source', topic })
  }
  return { shape: { ...before, sides, sources: [...kept, ...added] }, migrations }
}

/** Whether pending parts may have other keys, so that they are taken in again. */
export function isRetaken(migrations: readonly Migration[]): boolean {
  return migrations.some(({ kind }) => kind === 'key' || kind === 'decoding')
}

/** Whether keys are other ones: then those that are remembered as completed say nothing any more. */
export function areKeysMoved(migrations: readonly Migration[]): boolean {
  return migrations.some(({ kind }) => kind === 'key')
}

export function isSourceOf({ sources }: TopologyShape, topic: string): boolean {
  return sources.some((source) => source.topic === topic)
}
