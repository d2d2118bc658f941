import { assert } from '../../core/assert.ts'
import {
  encodeOffsets,
  noHeaders,
  noTimestamp,
  type OffsetSet,
  type OutputBuilder,
  writePlainRecord,
} from '../../kernel/index.ts'
import { type CheckpointRecords, type Deltas, deltasOf, recordBytes } from './checkpoint-records.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import { baseKey, deltaKey, taskOfKey, type PutRecord } from './checkpoint-topic.ts'
import type { Manifest } from './manifest.ts'
import type { PendingOffsets } from './pending-offsets.ts'

/** What the writer adds to a manifest by itself. */
type Bookkeeping = Pick<Manifest, 'baseEpochs' | 'basePieces' | 'deltaPieces'>

/** Writes records of the checkpoint, which bear no time: the broker stamps them. */
export function putInto(out: OutputBuilder, { count, taskOf }: Pick<Tasks, 'count' | 'taskOf'> = oneTask): PutRecord {
  const place = (key: string) => (count === 1 ? 0 : (taskOfKey(key, taskOf) ?? 0))
  return (key, value, task = place(key)) =>
    writePlainRecord(out, task, noTimestamp, { key: Buffer.from(key), value, ...noHeaders })
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

/** Bytes of the largest piece that participants of epochs write to a checkpoint topic. */
export function pieceBytesOf({ batchBytes }: OutputBuilder): number {
  return Math.max(pieceBytesMin, Math.min(pieceBytesMax, batchBytes - pieceFrameBytes))
}

/**
 * Writes what each epoch has changed of the pending offsets: per source partition a delta, which names the offsets that
 * became pending or ceased to be; or, once the deltas outgrow what they describe, a base, which names all pending
 * offsets, and tombstones for what it replaces. So the bytes written are bound to the changes, and the bytes read at a
 * start to the pending offsets.
 */
export class CheckpointWriter implements EpochParticipant {
  readonly #pending: PendingOffsets
  readonly #ledgers: Ledger[] = []
  /** As of the epoch that is being committed. */
  #proposed: Ledger[] = []
  /** Records that the program has no use for any more. */
  #obsolete: readonly string[] = []

  constructor(pending: PendingOffsets) {
    this.#pending = pending
    this.#addPartitions(pending.sets.length)
  }

  /** Adds partitions of which nothing stands in the topic. */
  grow({ length }: readonly number[]): void {
    this.#addPartitions(length)
  }

  /** Goes on after what the topic holds; the next epoch deletes the records that are obsolete. */
  static after(
    records: CheckpointRecords,
    manifest: Manifest,
    pending: PendingOffsets,
    obsolete: readonly string[] = [],
  ): CheckpointWriter {
    const writer = new CheckpointWriter(pending)
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

  close({ number, put, pieceBytes, manifest }: ClosingEpoch): void {
    for (const name of this.#obsolete) put(name, undefined)
    this.#pending.sets.forEach((set, partition) => {
      const pieces = encodeOffsets(pieceBytes, (add) => set.changes(add))
      if (pieces.length > 0) this.#proposed[partition] = this.#change(partition, number, set, pieces, pieceBytes, put)
    })
    const bookkeeping: Bookkeeping = {
      baseEpochs: this.#proposed.map(({ baseEpoch }) => baseEpoch),
      basePieces: this.#proposed.map(({ basePieces }) => basePieces),
      deltaPieces: this.#proposed.map(({ deltas }) => deltas.epochs.reduce((sum, { pieces }) => sum + pieces, 0)),
    }
    Object.assign(manifest, bookkeeping)
  }

  commit(): void {
    this.#obsolete = []
    this.#proposed.forEach((ledger, partition) => (this.#ledgers[partition] = ledger))
  }

  rollback(): void {
    this.#proposed = [...this.#ledgers]
  }

  #addPartitions(partitionCount: number): void {
    for (const ledgers of [this.#ledgers, this.#proposed]) {
      while (ledgers.length < partitionCount) ledgers.push(emptyLedger)
    }
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
    const last = before.deltas.epochs.at(-1)?.epoch ?? before.baseEpoch
    assert(epoch > last, `the changes of epoch ${epoch} follow those of epoch ${last}`)
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
