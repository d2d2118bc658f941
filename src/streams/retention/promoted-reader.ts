import { type Cluster, type Topic, topicRange } from '../../kafka/index.ts'
import { type FetchedPartition, OffsetSet, plainRecord, sourceSlackBytes } from '../../kernel/index.ts'
import { placeOfPart } from '../checkpoint/checkpoint-topic.ts'
import { after, furthest, ofPartitions } from '../topics/topic-ranges.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { PromotedPlaces, WantedParts } from './promoted-places.ts'

/** Promoted parts that are read before they are passed on; one part may be larger than this. */
export const pieceBytesMax = 8 << 20

/** A promoted part with its record batch. */
export interface PromotedPart {
  readonly partition: number
  readonly offset: number
  readonly batch: Uint8Array
}

/** Takes parts as if they had been fetched from the source; reading waits for it, so that no more are in memory. */
export type PromotedVisit = (piece: FetchedPartition) => Promise<void>

/**
 * Reads promoted parts from the checkpoint topic, piece by piece, each part once, those of a piece in the order of
 * their offsets.
 */
export async function readPromoted(
  { cluster, topic }: { readonly cluster: Cluster; readonly topic: Topic },
  places: PromotedPlaces,
  wanted: WantedParts,
  visit: PromotedVisit,
): Promise<void> {
  await lookThrough(cluster, topic, places)
  const passed = new Map<number, OffsetSet>()
  const parts: PromotedPart[] = []
  let bytes = 0
  const passOn = async () => {
    for (const piece of promotedPieces(parts.splice(0))) await visit(piece)
    bytes = 0
  }
  for (const range of places.rangesOf(wanted.places())) {
    await readRecords({ cluster, topic, range, isUrgent: true }, async (columns) => {
      for (let row = 0; row < columns.count; row++) {
        const { key, value } = plainRecord(columns, row)
        const place = key && placeOfPart(Buffer.from(key).toString())
        if (place === undefined || value === undefined || !wanted.has(place.partition, place.offset)) continue
        if (!isFirst(passed, place)) continue
        if (bytes > 0 && bytes + value.length > pieceBytesMax) await passOn()
        parts.push({ ...place, batch: Uint8Array.from(value) })
        bytes += value.length
      }
    })
  }
  await passOn()
}

/** Parts in the order of partitions and offsets, a piece for each partition. */
export function* promotedPieces(parts: readonly PromotedPart[]): Generator<FetchedPartition> {
  const byPartition = Map.groupBy(parts, ({ partition }) => partition)
  for (const [partition, own] of [...byPartition].sort(([a], [b]) => a - b)) {
    own.sort((a, b) => a.offset - b.offset)
    const bytes = Buffer.concat([...own.map(({ batch }) => batch), new Uint8Array(sourceSlackBytes)])
    const nextOffset = own.at(-1)!.offset + 1
    yield {
      partition,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      start: 0,
      end: bytes.length - sourceSlackBytes,
      fromOffset: own[0]!.offset,
      nextOffset,
      endOffset: nextOffset,
      aborted: [],
    }
  }
}

/** Takes note of the parts that were promoted since the topic was looked through. */
async function lookThrough(cluster: Cluster, topic: Topic, places: PromotedPlaces): Promise<void> {
  const whole = await topicRange(cluster, topic, 'read_committed')
  const range = after(places.own === undefined ? whole : ofPartitions(whole, places.own), places.reached)
  await readRecords({ cluster, topic, range, isUrgent: true }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      const place = key && placeOfPart(Buffer.from(key).toString())
      if (place !== undefined && value !== undefined)
        places.note([place.partition, place.offset], columns.offset[row]!, columns.partition)
    }
  })
  places.reached = furthest(range.ends, places.reached)
}

/** Whether a part comes for the first time; ranges may have it twice. */
function isFirst(
  passed: Map<number, OffsetSet>,
  { partition, offset }: { partition: number; offset: number },
): boolean {
  let offsets = passed.get(partition)
  if (offsets === undefined) passed.set(partition, (offsets = new OffsetSet()))
  if (offsets.has(offset)) return false
  offsets.add(offset)
  return true
}
