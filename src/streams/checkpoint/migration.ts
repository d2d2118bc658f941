import type { TopologyShape } from './topology-shape.ts'

/** What a start does to a checkpoint of another version of the program, by itself. */
export type Migration =
  /** The pending parts of a side are made again from the source. */
  | { readonly kind: 'version'; readonly side: string; readonly was: number; readonly is: number }
  /** Pending rows wait for a further optional side, as new ones do. */
  | { readonly kind: 'side'; readonly side: string }
  /** A further topic is read, from its start position. */
  | { readonly kind: 'source'; readonly topic: string }

/**
 * What a start migrates, and the shape that the checkpoint has then; where that still differs from the program's, the
 * program cannot go on from it. Sides are numbered in their order, so further ones come last; they are optional, because
 * pending rows might wait for a part of them that was passed over.
 */
export function migrationOf(
  before: TopologyShape,
  now: TopologyShape,
): { readonly shape: TopologyShape; readonly migrations: readonly Migration[] } {
  const migrations: Migration[] = []
  const sides = before.sides.map((side) => {
    const { version } = now.sides.find(({ name }) => name === side.name) ?? side
    if (version === side.version) return side
    migrations.push({ kind: 'version', side: side.name, was: side.version, is: version })
    return { ...side, version }
  })
  const addedSides = now.sides.slice(sides.length)
  if (addedSides.every(({ isOptional }) => isOptional)) {
    sides.push(...addedSides)
    for (const { name } of addedSides) migrations.push({ kind: 'side', side: name })
  }
  // Another topic in place of one is no further one.
  const areAllKept = before.sources.every(({ topic }) => isSourceOf(now, topic))
  const addedSources = areAllKept ? now.sources.filter(({ topic }) => !isSourceOf(before, topic)) : []
  for (const { topic } of addedSources) migrations.push({ kind: 'source', topic })
  return { shape: { ...before, sides, sources: [...before.sources, ...addedSources] }, migrations }
}

export function isSourceOf({ sources }: TopologyShape, topic: string): boolean {
  return sources.some((source) => source.topic === topic)
}
