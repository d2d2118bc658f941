import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AbortedTransaction } from './aborted-transaction.ts'
import { batchHeader, withRecords } from './batch.ts'
import type { Log } from './log.ts'
import { type BatchOpener, type LogRecord, recordsOf } from './records.ts'

// Keys that one pass compares; what is dirty beyond them waits for the next.
const keysMax = 500_000

export interface CompactionOptions {
  /** Nothing at or behind it is touched. */
  readonly endOffset: number
  readonly nowMs: number
  /** How long tombstones and markers stay after the first pass that finds nothing before them. */
  readonly deleteRetentionMs: number
  readonly aborted: readonly AbortedTransaction[]
  readonly open: BatchOpener
}

/**
 * Keeps of each key only the newest record of a log.
 *
 * A pass notes the newest offset of every key of the dirty part, which no pass has seen yet, and then goes over
 * everything before the end of that part, one segment per turn of the event loop: a record leaves if its key has a newer
 * one, if it has no key, or if its transaction was aborted. Each segment is replaced by itself, and whatever leaves it
 * stands further behind, so readers and appends may come in between.
 *
 * A tombstone, and the marker of a transaction of which nothing is left, leave `deleteRetentionMs` after the pass that
 * found them first. Batches keep their offsets; compressed ones that lose records are kept uncompressed.
 *
 * @see Kafka's LogCleaner, whose rules these are
 */
export class Compactor {
  readonly #log: Log
  #cleanedTo = 0
  /** When the tombstones or the marker in a batch may leave, by its base offset. */
  readonly #deleteAtMs = new Map<number, number>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether a pass would find something to do, or might. */
  hasWork({ endOffset, nowMs }: { endOffset: number; nowMs: number }): boolean {
    return this.#cleanedTo < endOffset || [...this.#deleteAtMs.values()].some((deleteAtMs) => deleteAtMs <= nowMs)
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
    for (const offset of this.#deleteAtMs.keys()) if (offset < this.#log.startOffset) this.#deleteAtMs.delete(offset)
    return removedMarkers
  }

  /** The newest offset of each key in the dirty part, and where that ends. */
  async #newestOffsets({ endOffset, open }: CompactionOptions, isAborted: (batch: Buffer) => boolean) {
    const newest = new Map<string, number>()
    let dirtyEnd = Math.max(this.#cleanedTo, this.#log.startOffset)
    while (dirtyEnd < endOffset && newest.size < keysMax) {
      const batches = this.#log.segmentAt(dirtyEnd)
      if (batches === undefined) break
      for (const batch of batches) {
        const lastOffset = batchHeader.lastOffset(batch, 0)
        if (lastOffset < dirtyEnd || lastOffset >= endOffset) continue
        dirtyEnd = lastOffset + 1
        const body = batchHeader.isControl(batch, 0) || isAborted(batch) ? undefined : open(batch)
        if (body === undefined) continue
        for (const { key, offset } of recordsOf(batch, body)) if (key !== undefined) newest.set(nameOf(key), offset)
      }
      await nextTurn()
    }
    return { newest, endOffset: dirtyEnd }
  }

  async #rewrite(
    { endOffset, nowMs, deleteRetentionMs, open }: CompactionOptions,
    newest: ReadonlyMap<string, number>,
    isAborted: (batch: Buffer) => boolean,
  ): Promise<Set<number>> {
    const removedMarkers = new Set<number>()
    /** Producers of which this pass has kept records since their last marker. */
    const keptOf = new Set<number>()
    /** Whether what deletes has stood for long enough; begins to count when first asked. */
    const isOver = (baseOffset: number) => {
      const deleteAtMs = this.#deleteAtMs.get(baseOffset)
      if (deleteAtMs === undefined) this.#deleteAtMs.set(baseOffset, nowMs + deleteRetentionMs)
      return deleteAtMs !== undefined && deleteAtMs <= nowMs
    }

    const rewriteMarker = (marker: Buffer): Buffer | undefined => {
      const offset = batchHeader.baseOffset(marker, 0)
      const hasRecords = keptOf.delete(batchHeader.producerId(marker, 0))
      if (hasRecords || !isOver(offset)) return marker
      this.#deleteAtMs.delete(offset)
      removedMarkers.add(offset)
      return undefined
    }

    const rewrite = (batch: Buffer): Buffer | undefined => {
      if (batchHeader.isControl(batch, 0)) return rewriteMarker(batch)
      if (isAborted(batch)) return undefined
      const body = open(batch)
      const baseOffset = batchHeader.baseOffset(batch, 0)
      const isNewest = ({ key, offset }: LogRecord) =>
        key !== undefined && (newest.get(nameOf(key)) ?? offset) <= offset
      const found = body === undefined ? [] : [...recordsOf(batch, body)]
      const standing = found.filter(isNewest)
      const hasTombstones = standing.some(({ isTombstone }) => isTombstone)
      const isDeleting = hasTombstones && isOver(baseOffset)
      const kept = isDeleting ? standing.filter(({ isTombstone }) => !isTombstone) : standing
      if (!hasTombstones || isDeleting) this.#deleteAtMs.delete(baseOffset)
      if (body !== undefined && kept.length === 0) return undefined
      if (batchHeader.isTransactional(batch, 0)) keptOf.add(batchHeader.producerId(batch, 0))
      return kept.length === found.length ? batch : withRecords(batch, kept)
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
