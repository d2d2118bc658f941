import type { RestoringSession } from '../recovery/session.ts'
import type { SourceLog } from '../runtime/ports.ts'
import { keepsFinishedParts, type Plan } from '../topology/plan.ts'
import type { WantedParts } from '../retention/promoted-places.ts'
import type { Recall } from './recall.ts'

/** Bytes between two records that are read as well, rather than to ask a broker twice. */
const gapBytes = 4 << 20
/** What a record is taken to have while none were fetched. */
const recordBytesDefault = 256

/** Offsets of a partition of a source that are read together. */
export interface ColdRange {
  /** Of the partition, or of its first lane. */
  readonly number: number
  readonly source: number
  readonly partition: number
  readonly first: number
  readonly end: number
  /** The offsets of its parts, of all lanes. */
  readonly offsets: ReadonlySet<number>
}

/** Where the records of cold parts are read. */
export interface ColdPlaces {
  readonly inSources: readonly ColdRange[]
  /** Those that are read from the checkpoint topic: by number of the partition or lane, their offsets. */
  readonly promoted: ReadonlyMap<number, ReadonlySet<number>>
}

export interface ColdPlacesParts {
  readonly plan: Plan
  readonly session: RestoringSession
  /** By source. */
  readonly areCompacted: readonly boolean[]
  readonly sourceLog: Pick<SourceLog, 'starts'>
}

/**
 * Where cold parts are read: from their source, or from the checkpoint topic where they are promoted and the source may
 * not have them any more, or the part may not be computed a second time: any part of a program with tables.
 */
export async function coldPlacesOf(recall: Pick<Recall, 'wanted'>, parts: ColdPlacesParts): Promise<ColdPlaces> {
  const { plan, session } = parts
  const { partitions } = session.sources
  const areFinished = keepsFinishedParts(plan)
  const isGone = await goneFromSources(recall, parts)
  const promoted = new Map<number, Set<number>>()
  const inSources = new Map<number, number[]>()
  for (const [number, sides] of recall.wanted) {
    for (const [offset, side] of sides) {
      const isRead = areFinished || !plan.sides[side]!.stage.deterministic || isGone(number, offset)
      if (isRead && session.state.promoted.has(number, offset)) added(promoted, number, () => new Set()).add(offset)
      else added(inSources, partitions.lanesOf(number)[0]!, () => []).push(offset)
    }
  }
  const ranges = [...inSources].flatMap(([number, offsets]) => {
    const { source, partition } = partitions.list[number]!
    const gap = gapBytes / (session.sources.meanBytes(source) || recordBytesDefault)
    return rangesOf(offsets, gap).map((range) => ({ number, source, partition, ...range }))
  })
  return { inSources: ranges, promoted }
}

/** Parts that are to be read from the checkpoint topic. @param promoted - Their offsets, by number of the partition. */
export function wantedOf(promoted: ReadonlyMap<number, ReadonlySet<number>>): WantedParts {
  return {
    has: (number, offset) => promoted.get(number)?.has(offset) === true,
    *places() {
      for (const [number, offsets] of promoted) for (const offset of offsets) yield [number, offset]
    },
  }
}

/** Which promoted parts their source may have dropped: those before its start, and all of one that is compacted. */
async function goneFromSources(
  recall: Pick<Recall, 'wanted'>,
  { areCompacted, session: { state, sources }, sourceLog }: ColdPlacesParts,
): Promise<(number: number, offset: number) => boolean> {
  const { list } = sources.partitions
  const hasPromoted = [...recall.wanted].some(([number, sides]) =>
    [...sides.keys()].some((offset) => state.promoted.has(number, offset)),
  )
  if (!hasPromoted) return () => false
  const starts = await Promise.all(sources.topics.map((topic) => sourceLog.starts(topic)))
  return (number, offset) => {
    const { source, partition } = list[number]!
    return areCompacted[source] === true || offset < starts[source]![partition]!
  }
}

/** Runs of offsets with no more than `gap` between two of them. */
function rangesOf(offsets: readonly number[], gap: number): { first: number; end: number; offsets: Set<number> }[] {
  const ranges: { first: number; end: number; offsets: Set<number> }[] = []
  for (const offset of offsets.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range !== undefined && offset - range.end <= gap) {
      range.offsets.add(offset)
      range.end = offset + 1
    } else ranges.push({ first: offset, end: offset + 1, offsets: new Set([offset]) })
  }
  return ranges
}

function added<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make()
  map.set(key, value)
  return value
}
