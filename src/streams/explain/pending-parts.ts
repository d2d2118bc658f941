import { topicRange } from '../../kafka/index.ts'
import type { RecordColumns } from '../../kernel/index.ts'
import { hasFinishedParts } from '../checkpoint/manifest.ts'
import { readRecords, recordsOf } from '../topics/record-reader.ts'
import { openFinishedParts } from '../retention/finished-part.ts'
import { wantedAmong } from '../retention/promoted-places.ts'
import { readPromoted } from '../retention/promoted-reader.ts'
import { type Search, sourceTopics, asInSource, placeOf } from './search.ts'
import type { RecordPlace, PendingPart } from './explanation.ts'

/** The parts of the key that are pending in the checkpoint. */
export async function findPending(search: Search): Promise<PendingPart[]> {
  const { cluster, checkpoint, limits } = search
  const { manifest, partitions, pending, promoted, topic: checkpointTopic } = checkpoint
  const topics = await sourceTopics(search)
  const found: PendingPart[] = []
  const { rows, finder } = search
  const visit = async (number: number, isPromoted: boolean, columns: RecordColumns) => {
    // A promoted part is of one lane.
    const lanes = isPromoted ? [number] : partitions.lanesOf(number)
    const isPending = (lane: number, offset: number) =>
      lanes.includes(lane) && pending[lane]!.has(offset) && promoted.has(lane, offset) === isPromoted
    const place = partitions.placeOf(number)
    const [first] = partitions.lanesOf(number)
    columns.keep((offset) => lanes.some((lane) => isPending(lane, offset)))
    const from = asInSource(search, columns, place)
    const { pieces, rest } = await rows.prepare(columns, from)
    for (const piece of pieces) {
      piece.keep((offset, row) => isPending(first! + piece.lane[row]!, offset))
      for (const row of rows.rowsOf(finder, piece, from)) {
        const timestampMs = rows.timestampOf(piece, row, from)
        found.push({ ...placeOf(piece, row, place), timestampMs, side: rows.sideOf(piece, row, from) })
      }
    }
    return rest
  }
  const visitFinished = (columns: RecordColumns) => {
    const number = columns.partition
    const place = partitions.placeOf(number)
    columns.keep((offset) => pending[number]!.has(offset) && promoted.has(number, offset))
    asInSource(search, columns, place)
    openFinishedParts(columns)
    for (let row = 0; row < columns.count; row++) {
      if (!finder.isKeyAt(columns, row)) continue
      const side = manifest.topology.sides[columns.side[row]!]!.name
      found.push({ ...placeOf(columns, row, place), timestampMs: columns.timestamp[row]!, side })
    }
  }
  const isThere = (number: number) => topics.some(([, source]) => source === partitions.list[number]!.source)
  const visitPromoted = recordsOf(limits, (columns) =>
    hasFinishedParts(manifest) ? visitFinished(columns) : visit(columns.partition, true, columns),
  )
  const has = (number: number, offset: number) =>
    isThere(number) && pending[number]!.has(offset) && promoted.has(number, offset)
  if (checkpointTopic !== undefined) {
    await readPromoted({ cluster, topic: checkpointTopic }, promoted.places, wantedAmong(promoted, has), visitPromoted)
  }
  const firstNeeded = manifest.nextOffsets.map((end, number) => promoted.firstNeeded(number) ?? end)
  for (const [topic, source] of topics) {
    const logStarts = (await topicRange(cluster, topic)).starts
    const starts = partitions
      .bySource(firstNeeded)
      [source]!.map((first, partition) => Math.max(first, logStarts[partition]!))
    const ends = partitions.furthestBySource(manifest.nextOffsets)[source]!
    await readRecords({ cluster, topic, range: { starts, ends }, ...limits }, (columns) => {
      const { partition } = columns
      return visit(partitions.numberOf({ topic: topic.name, partition })!, false, columns)
    })
  }
  return found
}

/** Records of the key that come after the checkpoint. */
export async function findUnread(search: Search): Promise<RecordPlace[]> {
  const { cluster, checkpoint, limits } = search
  const { manifest, partitions } = checkpoint
  const found: RecordPlace[] = []
  for (const [topic, source] of await sourceTopics(search)) {
    const nextOffsets = partitions.bySource(manifest.nextOffsets)[source]!
    const { starts, ends } = await topicRange(cluster, topic)
    const range = { starts: starts.map((start, partition) => Math.max(start, nextOffsets[partition] ?? 0)), ends }
    await readRecords({ cluster, topic, range, ...limits }, async (columns) => {
      // Partitions that came since have no number.
      const number = partitions.numberOf({ topic: topic.name, partition: columns.partition })
      const place =
        number === undefined ? { topic: topic.name, partition: columns.partition } : partitions.placeOf(number)
      const from = asInSource(search, columns, place)
      const { pieces, rest } = await search.rows.prepare(columns, from)
      for (const piece of pieces) {
        if (number !== undefined)
          piece.keep((offset, row) => offset >= manifest.nextOffsets[number + piece.lane[row]!]!)
        for (const row of search.rows.rowsOf(search.finder, piece, from)) found.push(placeOf(piece, row, place))
      }
      return rest
    })
  }
  return found
}
