import { type Cluster, topicRange } from '../../kafka/index.ts'
import { partsFrom, plainRecord } from '../../kernel/index.ts'
import { topicsTo } from '../checkpoint/manifest.ts'
import { publishedOrigins } from '../checkpoint/published-origins.ts'
import type { TopologyShape } from '../checkpoint/topology-shape.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { type AppCheckpoint, findTopic, ifKnown, readAppCheckpoint, requireReading } from '../admin/app-checkpoint.ts'
import type { ReadingLimits } from '../admin/at-brokers.ts'
import { routedBy } from '../topology/routed.ts'
import { isSamePlace } from '../topics/same-place.ts'

/** What a record of an internal topic was merged of, in the subtopology that has published it. */
export interface EarlierRecord {
  /** That subtopology. */
  readonly app: string
  /** The record, in the internal topic. */
  readonly record: Origin
  /** The key of the record as text: that of the merge, unless the sink has given it another. Absent where it is gone. */
  readonly key?: string
  /** Where its parts came from, without a side where the record is a part by itself; none where the record is gone, because all that was published before is consumed. */
  readonly parts: readonly (Origin & { readonly side?: string })[]
  /** The same of those parts that yet another subtopology has published. */
  readonly earlier?: readonly EarlierRecord[]
}

/**
 * Leads the parts of a subtopology back to those of the one before, and on; undefined where nothing is before it.
 *
 * @param app - The subtopology that has consumed them.
 * @param places - Where these are, in its sources.
 */
export async function earlierOf(
  cluster: Cluster,
  { app, shape }: { readonly app: string; readonly shape: TopologyShape },
  places: readonly Origin[],
  limits: ReadingLimits,
): Promise<EarlierRecord[] | undefined> {
  const before = await subtopologyBefore(cluster, app, shape, limits)
  if (before === undefined) return undefined
  const own = places.filter(({ topic }) => before.topics.includes(topic))
  const distinct = own.filter((place, at) => own.findIndex((other) => isSamePlace(place, other)) === at)
  const records = (
    await Promise.all(before.topics.map((topic) => readMerged(cluster, before, topic, distinct, limits)))
  ).flat()
  const parts = records.flatMap((record) => record.parts)
  const earlier = await earlierOf(
    cluster,
    { app: before.app, shape: before.checkpoint.manifest.topology },
    parts,
    limits,
  )
  return records.map((record) => {
    const own = earlier?.filter((each) => record.parts.some((part) => isSamePlace(part, each.record)))
    return { ...record, ...(own && { earlier: own }) }
  })
}

interface SubtopologyBefore {
  readonly app: string
  /** The internal topics that it publishes to. */
  readonly topics: readonly string[]
  readonly checkpoint: AppCheckpoint
}

/** Internal topics are called after the subtopology that publishes to them, whose manifest says that they lead here. */
async function subtopologyBefore(
  cluster: Cluster,
  app: string,
  { sources }: TopologyShape,
  { wait }: ReadingLimits,
): Promise<SubtopologyBefore | undefined> {
  const [{ topic, route }] = sources as [TopologyShape['sources'][number]]
  const side = route !== null && 'side' in route ? route.side : undefined
  const name = side !== undefined && topic.endsWith(`.${side}`) ? topic.slice(0, -side.length - 1) : routedBy(topic)
  if (name === undefined) return undefined
  const checkpoint = await ifKnown(async () => {
    await requireReading(cluster, name)
    return readAppCheckpoint(cluster, name, wait)
  })
  const { next } = checkpoint?.manifest ?? {}
  if (next?.app !== app || next.topic !== topic) return undefined
  return { app: name, topics: topicsTo(next), checkpoint: checkpoint! }
}

/** What records of the topic before a subtopology say of themselves. */
async function readMerged(
  cluster: Cluster,
  { app, checkpoint }: SubtopologyBefore,
  name: string,
  all: readonly Origin[],
  { decompressedBytesMax }: ReadingLimits,
): Promise<EarlierRecord[]> {
  const found: EarlierRecord[] = []
  const places = all.filter((place) => place.topic === name)
  const topic = await findTopic(cluster, name)
  if (topic !== undefined && places.length > 0) {
    const { starts, ends } = await topicRange(cluster, topic)
    // From the first place in each partition to its last one.
    const within = (partition: number) => places.filter((place) => place.partition === partition)
    const first = starts.map((start, partition) =>
      Math.max(start, Math.min(...within(partition).map(({ offset }) => offset), ends[partition]!)),
    )
    const last = ends.map((end, partition) =>
      Math.max(first[partition]!, Math.min(end, Math.max(-1, ...within(partition).map(({ offset }) => offset)) + 1)),
    )
    const shape = checkpoint.manifest.topology
    const { sides, isRouted } = shape
    const named = isRouted === true ? [{}] : sides.map(({ name: side }) => ({ side }))
    await readRecords({ cluster, topic, range: { starts: first, ends: last }, decompressedBytesMax }, (columns) => {
      for (let row = 0; row < columns.count; row++) {
        const record = { topic: name, partition: columns.partition, offset: columns.offset[row]! }
        if (!places.some((place) => isSamePlace(place, record))) continue
        const origins = publishedOrigins(shape, columns, row) ?? []
        const { key } = plainRecord(columns, row)
        found.push({
          app,
          record,
          ...(key && { key: Buffer.from(key).toString() }),
          parts: named.flatMap((side, index) =>
            partsFrom(origins[index]).flatMap((part) => {
              const origin = checkpoint.partitions.originOf(part)
              return origin === undefined ? [] : [{ ...side, ...origin }]
            }),
          ),
        })
      }
    })
  }
  return places.map(({ topic: at, partition, offset }) => {
    const record = { topic: at, partition, offset }
    return found.find((each) => isSamePlace(each.record, record)) ?? { app, record, parts: [] }
  })
}
