import { type Cluster, readTopic, type Topic, topicRange } from '../../kafka/index.ts'
import { BatchReader, decodeOffsets, plainRecord, RecordColumns } from '../../kernel/index.ts'
import { baseKey, deltaKey, manifestKey } from './checkpoint-topic.ts'
import { corrupt, decodeManifest, type Manifest } from './manifest.ts'

/** The last record of each key of a compacted topic. */
export type CheckpointRecords = ReadonlyMap<string, Uint8Array>

/** Reads a checkpoint topic to the end that a `read_committed` consumer sees. */
export async function readCheckpoint(cluster: Cluster, topic: Topic): Promise<CheckpointRecords> {
  const records = new Map<string, Uint8Array>()
  const reader = new BatchReader({ decompressedBytesMax })
  const columns = new RecordColumns()
  await readTopic(cluster, topic, await topicRange(cluster, topic), (piece) => {
    reader.open(piece)
    while (reader.fill(columns)) {
      for (let row = 0; row < columns.count; row++) {
        const { key, value } = plainRecord(columns, row)
        if (key === undefined) continue
        const name = Buffer.from(key).toString()
        if (value === undefined) records.delete(name)
        else records.set(name, Uint8Array.from(value))
      }
    }
  })
  return records
}

/** The manifest of the last epoch that committed, if there is one. */
export function manifestOf(records: CheckpointRecords): Manifest | undefined {
  const bytes = records.get(manifestKey)
  return bytes === undefined ? undefined : decodeManifest(bytes)
}

/** What a record takes beside its value, about. */
export const recordBytes = 48

/** Changes of one partition by the epoch that made them, oldest first, and how many bytes they take. */
export interface Deltas {
  readonly epochs: readonly { readonly epoch: number; readonly pieces: number }[]
  readonly bytes: number
}

/** The deltas of a partition that follow its base. */
export function deltasOf(records: CheckpointRecords, manifest: Manifest, partition: number): Deltas {
  const prefix = `delta/${partition}/`
  const pieces = new Map<number, number>()
  let bytes = 0
  for (const [key, value] of records) {
    if (!key.startsWith(prefix)) continue
    const epoch = Number(key.slice(prefix.length, key.lastIndexOf('/')))
    if (epoch <= manifest.baseEpochs[partition]!) continue
    pieces.set(epoch, (pieces.get(epoch) ?? 0) + 1)
    bytes += value.length + recordBytes
  }
  const epochs = Array.from(pieces, ([epoch, count]) => ({ epoch, pieces: count })).sort((a, b) => a.epoch - b.epoch)
  return { epochs, bytes }
}

/**
 * Gives the offsets whose membership changes, as ranges, base first, then delta by delta: one that is given an odd number
 * of times waits.
 *
 * @throws EngineError `CHECKPOINT_CORRUPT` when a record is missing or unreadable.
 */
export function replay(
  records: CheckpointRecords,
  manifest: Manifest,
  partition: number,
  visit: (from: number, to: number) => void,
): void {
  const read = (key: string) => {
    const bytes = records.get(key)
    if (bytes === undefined) throw corrupt(`its record "${key}" is missing`)
    try {
      decodeOffsets(bytes, visit)
    } catch (error) {
      throw corrupt(`its record "${key}" is damaged`, error)
    }
  }
  for (let piece = 0; piece < manifest.basePieces[partition]!; piece++) read(baseKey(partition, piece))
  let pieces = 0
  for (const delta of deltasOf(records, manifest, partition).epochs) {
    for (let piece = 0; piece < delta.pieces; piece++) read(deltaKey(partition, delta.epoch, piece))
    pieces += delta.pieces
  }
  const expected = manifest.deltaPieces[partition]!
  if (pieces !== expected)
    throw corrupt(`it has ${pieces} deltas of partition ${partition}, where ${expected} were written`)
}

const decompressedBytesMax = 64 << 20
