import { partitionForKey, topicRange, untilStable } from '../../kafka/index.ts'
import {
  headerOf,
  originsHeaderName,
  partsFrom,
  readOrigins,
  readRoutedPlace,
  type RecordColumns,
  routedHeaders,
  type SideOrigin,
} from '../../kernel/index.ts'
import { isMerge } from '../checkpoint/topology-shape.ts'
import { readRecords } from '../topics/record-reader.ts'
import { findTopic } from '../admin/app-checkpoint.ts'
import { placeOf, type Search } from './search.ts'
import type { PublishedRecord } from './explanation.ts'

/** The records of a topic that were published of the key. */
export async function findPublished(search: Search, name: string): Promise<PublishedRecord[]> {
  const { cluster, checkpoint, finder, limits, wait } = search
  const topic = await findTopic(cluster, name)
  if (topic === undefined) return []
  const isSpread = checkpoint.manifest.spread?.includes(name) ?? false
  const only = isSpread ? undefined : partitionForKey(finder.canonical, topic.partitions.length)
  const isRead = (partition: number) => only === undefined || partition === only
  const { starts, ends } = await topicRange(cluster, topic)
  const range = { starts: ends.map((end, each) => (isRead(each) ? starts[each]! : end)), ends }
  const needed = ends.map((end, each) => (isRead(each) ? end : 0))
  await untilStable(cluster, topic, needed, wait)
  const found: PublishedRecord[] = []
  if (checkpoint.manifest.topology.isRouted === true) {
    await readRecords({ cluster, topic, range, ...limits }, (columns) => {
      found.push(...routedIn(search, columns, topic.name))
    })
    return found
  }
  await readRecords({ cluster, topic, range, ...limits }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const header = headerOf(columns, row, originsHeaderName)
      const origins = header && readOrigins(header)
      if (origins === undefined) continue
      const shape = checkpoint.manifest.topology
      const present = shape.sides.filter((_, index) => isThere(origins[index])).map(({ name: side }) => side)
      if (!finder.isKeyOf(columns, row, present)) continue
      found.push({
        ...placeOf(columns, row, { topic: topic.name, partition: columns.partition }),
        parts: shape.sides.flatMap(({ name: side }, index) =>
          partsFrom(origins[index]).map((part) => ({ side, ...checkpoint.partitions.originOf(part)! })),
        ),
        missing: shape.sides.filter((_, index) => isLacking(origins[index])).map(({ name: side }) => side),
        isExpired: !isMerge(shape, origins),
      })
    }
  })
  return found
}

/** The parts of the key among those that were routed, which name the places of their records. */
function routedIn({ checkpoint: { partitions }, finder }: Search, columns: RecordColumns, topic: string) {
  return finder.rowsIn(columns, { recordKey: 'json' }, true).flatMap((row): PublishedRecord[] => {
    const part = readRoutedPlace(columns, row)
    const origin = part && partitions.originOf(part)
    const side = headerOf(columns, row, routedHeaders.side)
    if (origin === undefined || side === undefined) return []
    const place = placeOf(columns, row, { topic, partition: columns.partition })
    const parts = [{ side: Buffer.from(side).toString(), ...origin }]
    return [{ ...place, parts, missing: [], isExpired: false }]
  })
}

/** Whether merged records have anything of a side. */
function isThere(origin: SideOrigin): boolean {
  return origin !== undefined && (!('parts' in origin) || origin.isWhole || origin.parts.length > 0)
}

/** Whether a side has not come, or a list of parts not as a whole. */
function isLacking(origin: SideOrigin): boolean {
  return origin === undefined || ('parts' in origin && !origin.isWhole)
}
