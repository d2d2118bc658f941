import {
  encodeOffsets,
  noHeaders,
  noTimestamp,
  type OffsetSet,
  type OutputBuilder,
  writePlainRecord,
} from '../../kernel/index.ts'
import { type CheckpointRecords, type Deltas, deltasOf, recordBytes } from './checkpoint-records.ts'
import { baseKey, deltaKey, manifestKey, type PutRecord } from './checkpoint-topic.ts'
import { encodeManifest, type Manifest } from './manifest.ts'
import type { PendingOffsets } from './pending-offsets.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'

/** What the writer adds to a manifest by itself. */
type Bookkeeping = Pick<Manifest, 'baseEpochs' | 'basePieces' | 'deltaPieces'>

/** Writes records of the checkpoint, which bear no time: the broker stamps them. */
export function putInto(out: OutputBuilder): PutRecord {
  return (key, value) => writePlainRecord(out, 0, noTimestamp, { key: Buffer.from(key), value, ...noHeaders })
}

/** What waits, by reference and by value. */
interface Waiting {
  readonly pending: PendingOffsets
  readonly promoted: PromotedParts
}

/** What of a partition stands in the checkpoint topic. */
interface Ledger {
  readonly baseEpoch: number
  readonly basePieces: number
  readonly baseBytes: number
  readonly deltas: Deltas
}

const emptyLedger: Ledger = { baseEpoch: 0, basePieces: 0, baseBytes: 0, deltas: { epochs: [], bytes: 0 } }

/** Until deltas take this much a base is not worth its records. */
const deltaBytesMin = 64 << 10
/** A record of the checkpoint: large enough to be few, and smaller where the topic takes no larger batch. */
const pieceBytesMax = 64 << 10
const pieceBytesMin = 1024
/** What a batch has beside the piece in it. */
const pieceFrameBytes = 256

function pieceBytesOf({ batchBytes }: OutputBuilder): number {
  return Math.max(pieceBytesMin, Math.min(pieceBytesMax, batchBytes - pieceFrameBytes))
}

/**
 * Writes the checkpoint of each epoch: per source partition a delta, which names the offsets that began to wait or ceased
 * to; or, once the deltas outgrow what they describe, a base, which names all that wait, and tombstones for what it
 * replaces. So what is written is bound to what changes, and what is read at a start to what waits.
 */
export class CheckpointWriter {
  readonly #ledgers: Ledger[] = []
  /** As of the epoch that is being committed. */
  #proposed: Ledger[] = []
  /** Records that the program has no use for any more. */
  #obsolete: readonly string[] = []

  constructor(partitionCount: number) {
    this.grow(partitionCount)
  }

  /** Adds partitions of which nothing stands in the topic. */
  grow(partitionCount: number): void {
    for (const ledgers of [this.#ledgers, this.#proposed]) {
      while (ledgers.length < partitionCount) ledgers.push(emptyLedger)
    }
  }

  /** Goes on behind what the topic holds; the next epoch deletes the records that are obsolete. */
  static behind(records: CheckpointRecords, manifest: Manifest, obsolete: readonly string[] = []): CheckpointWriter {
    const writer = new CheckpointWriter(manifest.nextOffsets.length)
    for (const [partition, deltas] of deltasOf(records, manifest).entries()) {
      const baseEpoch = manifest.baseEpochs[partition]!
      const basePieces = manifest.basePieces[partition]!
      let baseBytes = 0
      for (let piece = 0; piece < basePieces; piece++) baseBytes += records.get(baseKey(partition, piece))?.length ?? 0
      writer.#ledgers[partition] = { baseEpoch, basePieces, baseBytes, deltas }
    }
    writer.#proposed = [...writer.#ledgers]
    writer.#obsolete = obsolete
    return writer
  }

  /** Writes what an epoch changed, and its manifest. */
  write(out: OutputBuilder, { pending, promoted }: Waiting, manifest: Omit<Manifest, keyof Bookkeeping>): void {
    const { epoch } = manifest
    const put = putInto(out)
    const pieceBytes = pieceBytesOf(out)
    for (const name of this.#obsolete) put(name, undefined)
    pending.sets.forEach((set, partition) => {
      const pieces = encodeOffsets(pieceBytes, (add) => set.changes(add))
      if (pieces.length > 0) this.#proposed[partition] = this.#change(partition, epoch, set, pieces, pieceBytes, put)
    })
    promoted.write(pending.sets, put)
    const bookkeeping: Bookkeeping = {
      baseEpochs: this.#proposed.map(({ baseEpoch }) => baseEpoch),
      basePieces: this.#proposed.map(({ basePieces }) => basePieces),
      deltaPieces: this.#proposed.map(({ deltas }) => deltas.epochs.reduce((sum, { pieces }) => sum + pieces, 0)),
    }
    put(manifestKey, encodeManifest({ ...manifest, ...bookkeeping }))
  }

  settle(): void {
    this.#obsolete = []
    this.#proposed.forEach((ledger, partition) => (this.#ledgers[partition] = ledger))
  }

  rollback(): void {
    this.#proposed = [...this.#ledgers]
  }

  /** Writes a delta, or a base where that is due, and returns what the partition then has. */
  #change(
    partition: number,
    epoch: number,
    set: OffsetSet,
    pieces: readonly Uint8Array[],
    pieceBytes: number,
    put: PutRecord,
  ): Ledger {
    const before = this.#ledgers[partition]!
    const bytes = before.deltas.bytes + sizeOf(pieces)
    if (bytes <= Math.max(deltaBytesMin, before.baseBytes)) {
      pieces.forEach((piece, at) => put(deltaKey(partition, epoch, at), piece))
      const epochs = [...before.deltas.epochs, { epoch, pieces: pieces.length }]
      return { ...before, deltas: { epochs, bytes } }
    }
    const base = encodeOffsets(pieceBytes, (add) => set.members(add))
    base.forEach((piece, at) => put(baseKey(partition, at), piece))
    for (let at = base.length; at < before.basePieces; at++) put(baseKey(partition, at), undefined)
    for (const delta of before.deltas.epochs) {
      for (let at = 0; at < delta.pieces; at++) put(deltaKey(partition, delta.epoch, at), undefined)
    }
    return { ...emptyLedger, baseEpoch: epoch, basePieces: base.length, baseBytes: sizeOf(base) }
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length + recordBytes, 0)
}
