import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AbortedTransaction } from './aborted-transaction.ts'
import type { BatchCodec } from './batch-codec.ts'
import { batchHeader } from './batch.ts'
import type { Log } from './log.ts'
import { type LogRecord, recordsOf } from './records.ts'
import { emptied, withRecords } from './rewritten-batch.ts'

// Keys that one pass compares; what is dirty beyond them waits for the next.
const keysMax = 500_000
// A horizon beyond this, tens of thousands of years ahead, would be no exact number in a varint.
const horizonMsMax = 2 ** 51

export interface CompactionOptions {
  /** Nothing at or after it is touched. */
  readonly endOffset: number
  readonly nowMs: number
  /** How long tombstones and markers stay after the first pass that finds nothing before them. */
  readonly deleteRetentionMs: number
  readonly aborted: readonly AbortedTransaction[]
  /** Whether a batch says what its producer did last. */
  readonly isLastOfProducer: (batch: Buffer) => boolean
  readonly codec: BatchCodec
}

/**
 * Keeps of each key only the newest record of a log.
 *
 * A pass notes the newest offset of every key of the dirty part, which no pass has seen yet, and then goes over
 * everything before the end of that part, one segment per turn of the event loop: a record leaves if its key has a
 * newer one, if it has no key, or if its transaction was aborted. Each segment is replaced by itself, and whatever
 * leaves it stands later, so readers and appends may come in between.
 *
 * A pass that finds a tombstone, or the marker of a transaction of which the passes before have left nothing, writes
 * into its batch when it may leave, `deleteRetentionMs` later. Of the last batch of a producer the header stays, with
 * the sequence that its next one follows. Batches keep their offsets and their codec.
 *
 * @see Kafka's Cleaner, whose rules these are; KIP-534 (delete horizons)
 */
export class Compactor {
  readonly #log: Log
  #cleanedTo = 0
  /** When the first of the tombstones and markers may leave. */
  #nextHorizonMs = Infinity

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether a pass would find something to do, or might. */
  hasWork({ endOffset, nowMs }: { endOffset: number; nowMs: number }): boolean {
    return this.#cleanedTo < endOffset || this.#nextHorizonMs <= nowMs
  }

  /** Makes one pass and returns the offsets of the markers that left. */
  async run(options: CompactionOptions): Promise<Set<number>> {
    const abortedOf = Map.groupBy(options.aborted, ({ producerId }) => producerId)
    const isAborted = (batch: Buffer) => {
      if (!batchHeader.isTransactional(batch, 0)) return false
      const offset = batchHeader.baseOffset(batch, 0)
      const aborted = abortedOf.get(batchHeader.producerId(batch, 0)) ?? []
      return aborted.some(({ firstOffset, lastOffset }) => firstOffset <= offset && offset < lastOffset)
    }
    const { newest, endOffset } = await this.#newestOffsets(options, isAborted)
    const removedMarkers = await this.#rewrite({ ...options, endOffset }, newest, isAborted)
    this.#cleanedTo = endOffset
    return removedMarkers
  }

  /** The newest offset of each key in the dirty part, and where that ends. */
  async #newestOffsets({ endOffset, codec }: CompactionOptions, isAborted: (batch: Buffer) => boolean) {
    const newest = new Map<string, number>()
    let dirtyEnd = Math.max(this.#cleanedTo, this.#log.startOffset)
    while (dirtyEnd < endOffset && newest.size < keysMax) {
      const batches = this.#log.segmentAt(dirtyEnd)
      if (batches === undefined) break
      for (const batch of batches) {
        const lastOffset = batchHeader.lastOffset(batch, 0)
        if (lastOffset < dirtyEnd || lastOffset >= endOffset) continue
        dirtyEnd = lastOffset + 1
        const body = batchHeader.isControl(batch, 0) || isAborted(batch) ? undefined : codec.open(batch)
        if (body === undefined) continue
        for (const { key, offset } of recordsOf(batch, body)) if (key !== undefined) newest.set(nameOf(key), offset)
      }
      await nextTurn()
    }
    return { newest, endOffset: dirtyEnd }
  }

  async #rewrite(
    { endOffset, nowMs, deleteRetentionMs, isLastOfProducer, codec }: CompactionOptions,
    newest: ReadonlyMap<string, number>,
    isAborted: (batch: Buffer) => boolean,
  ): Promise<Set<number>> {
    const removedMarkers = new Set<number>()
    /** Producers of which this pass has met batches since their last marker. */
    const metOf = new Set<number>()
    const emptyOrGone = (batch: Buffer) => (isLastOfProducer(batch) ? emptied(batch) : undefined)
    this.#nextHorizonMs = Infinity
    const newHorizonMs = Math.min(nowMs + deleteRetentionMs, horizonMsMax)
    const withHorizon = (batch: Buffer, records: readonly LogRecord[], deleteHorizonMs: number | undefined) => {
      if (deleteHorizonMs !== undefined) this.#nextHorizonMs = Math.min(this.#nextHorizonMs, deleteHorizonMs)
      const isAsBefore = deleteHorizonMs === batchHeader.deleteHorizonMs(batch, 0)
      return isAsBefore && records.length === batchHeader.recordCount(batch, 0)
        ? batch
        : withRecords(batch, records, { codec, deleteHorizonMs })
    }

    const rewriteMarker = (marker: Buffer): Buffer | undefined => {
      const hasBatches = metOf.delete(batchHeader.producerId(marker, 0))
      const horizonMs = batchHeader.deleteHorizonMs(marker, 0)
      const records = [...recordsOf(marker, codec.open(marker)!)]
      if (records.length === 0 || (!hasBatches && horizonMs !== undefined && horizonMs <= nowMs)) {
        removedMarkers.add(batchHeader.baseOffset(marker, 0))
        return emptyOrGone(marker)
      }
      return withHorizon(marker, records, hasBatches ? horizonMs : (horizonMs ?? newHorizonMs))
    }

    const rewrite = (batch: Buffer): Buffer | undefined => {
      if (batchHeader.isControl(batch, 0)) return rewriteMarker(batch)
      if (batchHeader.isTransactional(batch, 0)) metOf.add(batchHeader.producerId(batch, 0))
      if (isAborted(batch)) return emptyOrGone(batch)
      const body = codec.open(batch)
      if (body === undefined) return batch
      const horizonMs = batchHeader.deleteHorizonMs(batch, 0)
      const isOver = horizonMs !== undefined && horizonMs <= nowMs
      const isKept = ({ key, offset, isTombstone }: LogRecord) =>
        key !== undefined && (newest.get(nameOf(key)) ?? offset) <= offset && !(isTombstone && isOver)
      const kept = [...recordsOf(batch, body)].filter(isKept)
      if (kept.length === 0) return emptyOrGone(batch)
      const hasTombstones = kept.some(({ isTombstone }) => isTombstone)
      return withHorizon(batch, kept, horizonMs ?? (hasTombstones ? newHorizonMs : undefined))
    }

    for (let offset = this.#log.startOffset; offset < endOffset;) {
      const next = this.#log.rewriteSegment(offset, endOffset, rewrite)
      if (next === undefined) break
      offset = next
      await nextTurn()
    }
    return removedMarkers
  }
}

/** A string that stands for the bytes of a key, one character for each. */
function nameOf(key: Buffer): string {
  return key.toString('latin1')
}
