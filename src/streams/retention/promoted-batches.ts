import { type FetchedPartition, plainRecord, sourceSlackBytes } from '../../kernel/index.ts'
import { type CheckpointRecords, partsOf } from '../checkpoint/checkpoint-records.ts'
import { placeOfPart } from '../checkpoint/checkpoint-topic.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { checkpointSink } from '../topics/program-topics.ts'
import { readRecords } from '../topics/record-reader.ts'

/** Places in fetched memory have 31 bits; one part may be larger than this. */
const pieceBytesMax = 64 << 20

interface Part {
  readonly partition: number
  readonly offset: number
  readonly batch: Uint8Array
}

/** The promoted parts in the order of partitions and offsets, as if they had been fetched from the source. */
export function promotedBatches(records: CheckpointRecords): FetchedPartition[] {
  const parts = [...partsOf(records)].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  return [...piecesOf(parts)].map((piece) => {
    const bytes = Buffer.concat([...piece.map(({ batch }) => batch), new Uint8Array(sourceSlackBytes)])
    const nextOffset = piece.at(-1)!.offset + 1
    return {
      partition: piece[0]!.partition,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      start: 0,
      end: bytes.length - sourceSlackBytes,
      fromOffset: piece[0]!.offset,
      nextOffset,
      endOffset: nextOffset,
      aborted: [],
    }
  })
}

/** Reads promoted parts from the checkpoint topic, in the same way. */
export async function readPromoted(
  { cluster, topics }: Pick<KafkaServices, 'cluster' | 'topics'>,
  isWanted: (partition: number, offset: number) => boolean,
): Promise<FetchedPartition[]> {
  const records = new Map<string, Uint8Array>()
  await readRecords({ cluster, topic: topics.sinks[checkpointSink]!, isUrgent: true }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      const name = key === undefined ? '' : Buffer.from(key).toString()
      if (value !== undefined && isPartWanted(name, isWanted)) records.set(name, Uint8Array.from(value))
    }
  })
  return promotedBatches(records)
}

/** Whether a record of the checkpoint is a promoted part that is wanted. */
export function isPartWanted(key: string, isWanted: (partition: number, offset: number) => boolean): boolean {
  const place = placeOfPart(key)
  return place !== undefined && isWanted(place.partition, place.offset)
}

/** Runs of parts of one partition. */
function* piecesOf(parts: readonly Part[]): Generator<Part[]> {
  let piece: Part[] = []
  let bytes = 0
  for (const part of parts) {
    bytes += part.batch.length
    if (piece.length > 0 && (part.partition !== piece[0]!.partition || bytes > pieceBytesMax)) {
      yield piece
      piece = []
      bytes = part.batch.length
    }
    piece.push(part)
  }
  if (piece.length > 0) yield piece
}
