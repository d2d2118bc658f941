import { type OffsetSet, decodeOffsets } from '../../kernel/index.ts'
import { baseKey, deltaKey, deltaPrefix, keyIn, manifestKey, placeOfPart } from './checkpoint-topic.ts'
import { corrupt, decodeManifest, type Manifest } from './manifest.ts'

/** The last record of each key of a compacted topic. */
export type CheckpointRecords = ReadonlyMap<string, Uint8Array>

/** The manifest of the last epoch of a task that committed, if there is one. */
export function manifestOf(records: CheckpointRecords, task = 0): Manifest | undefined {
  const bytes = records.get(keyIn(task, manifestKey))
  return bytes === undefined ? undefined : decodeManifest(bytes)
}

/** Those of these tasks that have committed an epoch. */
export function manifestsOf(records: CheckpointRecords, tasks: Iterable<number>): Manifest[] {
  return Array.from(tasks, (task) => manifestOf(records, task)).filter((manifest) => manifest !== undefined)
}

/** What a record takes beside its value, about. */
export const recordBytes = 48

/** Changes of one partition by the epoch that made them, oldest first, and how many bytes they take. */
export interface Deltas {
  readonly epochs: readonly { readonly epoch: number; readonly pieces: number }[]
  readonly bytes: number
}

/** The deltas of each partition that follow its base. */
export function deltasOf(records: CheckpointRecords, manifest: Manifest): readonly Deltas[] {
  const found = manifest.nextOffsets.map(() => ({ pieces: new Map<number, number>(), bytes: 0 }))
  for (const [key, value] of records) {
    if (!key.startsWith(deltaPrefix)) continue
    const [partition, epoch] = key.slice(deltaPrefix.length).split('/').map(Number) as [number, number]
    const deltas = found[partition]
    if (deltas === undefined || epoch <= manifest.baseEpochs[partition]!) continue
    deltas.pieces.set(epoch, (deltas.pieces.get(epoch) ?? 0) + 1)
    deltas.bytes += value.length + recordBytes
  }
  return found.map(({ pieces, bytes }) => {
    const epochs = Array.from(pieces, ([epoch, count]) => ({ epoch, pieces: count })).sort((a, b) => a.epoch - b.epoch)
    return { epochs, bytes }
  })
}

/**
 * Gives the offsets whose membership changes, as ranges, partition by partition, base first, then delta by delta: one
 * that is given an odd number of times is pending.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT` when a record is missing or unreadable.
 */
export function replay(
  records: CheckpointRecords,
  manifest: Manifest,
  visit: (partition: number, from: number, to: number) => void,
): void {
  const read = (partition: number, key: string) => {
    const bytes = records.get(key)
    if (bytes === undefined) throw corrupt(`its record "${key}" is missing`)
    try {
      decodeOffsets(bytes, (from, to) => visit(partition, from, to))
    } catch (error) {
      throw corrupt(`its record "${key}" is damaged`, error)
    }
  }
  for (const [partition, { epochs }] of deltasOf(records, manifest).entries()) {
    for (let piece = 0; piece < manifest.basePieces[partition]!; piece++) read(partition, baseKey(partition, piece))
    let count = 0
    for (const { epoch, pieces } of epochs) {
      for (let piece = 0; piece < pieces; piece++) read(partition, deltaKey(partition, epoch, piece))
      count += pieces
    }
    const expected = manifest.deltaPieces[partition]!
    if (count !== expected)
      throw corrupt(`it has ${count} deltas of partition ${partition}, where ${expected} were written`)
  }
}

/**
 * Puts the pending offsets into empty sets, one for each partition.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT`
 */
export function collectPending(records: CheckpointRecords, manifest: Manifest, sets: readonly OffsetSet[]): void {
  replay(records, manifest, (partition, from, to) => {
    const set = sets[partition]!
    for (let offset = from; offset < to; offset++) {
      if (set.has(offset)) set.delete(offset)
      else set.add(offset)
    }
  })
  const count = sets.reduce((sum, set) => sum + set.count, 0)
  if (count !== manifest.pending) {
    throw corrupt(`it names ${count} pending parts, where its manifest says ${manifest.pending}`)
  }
}

/** The promoted parts. */
export function* partsOf(records: CheckpointRecords) {
  for (const key of records.keys()) {
    const place = placeOfPart(key)
    if (place !== undefined) yield place
  }
}
