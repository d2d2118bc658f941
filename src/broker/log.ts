import { assert } from '../core/assert.ts'
import type { BatchOpener } from './batch-codec.ts'
import { batchHeader } from './batch.ts'
import type { MemoryBudget } from './memory.ts'
import { type RecordPlace, recordPlaces } from './records.ts'

const segmentBytesFirst = 64 * 1024
const segmentBytesMax = 8 * 1024 * 1024

/** A run of consecutive batches in one piece of memory, which is filled from the front and never written again. */
interface Segment {
  readonly bytes: Buffer
  /** Where each batch begins. */
  readonly positions: number[]
  lengthBytes: number
}

/** Bytes read from a log, and the offset after the last batch that at least begins in them. */
export interface LogSlice {
  readonly bytes: Buffer
  readonly endOffset: number
}

/**
 * The batches of one partition, as the producer sent them but for the offset stamped into their headers. A read hands
 * out views of the segments, so bytes are copied once on their way in and never on their way out.
 */
export class Log {
  readonly #memory: MemoryBudget
  #segments: Segment[] = []
  #startOffset = 0
  #endOffset = 0

  constructor(memory: MemoryBudget) {
    this.#memory = memory
  }

  /** The first offset that can be read. */
  get startOffset(): number {
    return this.#startOffset
  }

  /** The offset the next record gets. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Appends one checked batch and returns its base offset, or `undefined` when memory does not hold it. */
  append(batch: Buffer, leaderEpoch: number): number | undefined {
    const segment = this.#segmentFor(batch.length)
    return segment === undefined ? undefined : this.#appendTo(segment, batch, leaderEpoch)
  }

  /** Appends one batch whatever the memory: what producers wrote must not stay undecided for want of a few bytes. */
  appendMarker(batch: Buffer, leaderEpoch: number): number {
    const segment = this.#segmentFor(batch.length) ?? this.#newSegment(batch.length)
    return this.#appendTo(segment, batch, leaderEpoch)
  }

  #appendTo(segment: Segment, batch: Buffer, leaderEpoch: number): number {
    const position = segment.lengthBytes
    const baseOffset = this.#endOffset
    batch.copy(segment.bytes, position)
    batchHeader.stamp(segment.bytes, position, baseOffset, leaderEpoch)
    segment.positions.push(position)
    segment.lengthBytes += batch.length
    this.#endOffset = batchHeader.lastOffset(segment.bytes, position) + 1
    return baseOffset
  }

  /**
   * Reads from the batch that holds `offset` up to `endOffset`, at most to the end of a segment. Like Kafka it cuts at
   * `sizeBytesMax` wherever that falls, so the last batch may be incomplete; the first one never is: where it does not
   * fit nothing is read, unless `anySizeFirst` lets it exceed the limit.
   */
  read(
    offset: number,
    options: { endOffset: number; sizeBytesMax: number; anySizeFirst: boolean },
  ): LogSlice | undefined {
    const found = this.#find(offset)
    if (found === undefined || offset >= options.endOffset) return undefined
    const { segment, index } = found
    const start = segment.positions[index]!
    const firstBytes = batchHeader.sizeBytes(segment.bytes, start)
    if (firstBytes > options.sizeBytesMax && !options.anySizeFirst) return undefined
    const limit = this.#positionOf(segment, options.endOffset)
    const end = Math.min(limit, start + Math.max(firstBytes, options.sizeBytesMax))
    const last = lowerBound(segment.positions.length, (i) => segment.positions[i]! >= end) - 1
    const endOffset = batchHeader.lastOffset(segment.bytes, segment.positions[last]!) + 1
    return { bytes: segment.bytes.subarray(start, end), endOffset }
  }

  /** How many bytes a reader at `offset` has before it. */
  bytesBetween(offset: number, endOffset: number): number {
    const found = this.#find(offset)
    if (found === undefined || offset >= endOffset) return 0
    let sum = -found.segment.positions[found.index]!
    for (let i = this.#segments.indexOf(found.segment); i < this.#segments.length; i++) {
      const segment = this.#segments[i]!
      const end = this.#positionOf(segment, endOffset)
      sum += end
      if (end < segment.lengthBytes) break
    }
    return sum
  }

  /** The first record before `endOffset` that is not older than `timestamp`. */
  firstRecordAt(timestamp: number, endOffset: number, open: BatchOpener): RecordPlace | undefined {
    for (const batch of this.#batches()) {
      if (batchHeader.baseOffset(batch, 0) >= endOffset) return undefined
      if (batchHeader.maxTimestamp(batch, 0) < timestamp) continue
      for (const place of recordPlaces(batch, open)) {
        if (place.timestamp >= timestamp && place.offset >= this.#startOffset) return place
      }
    }
    return undefined
  }

  /** The first of the records with the greatest timestamp. */
  newestRecord(open: BatchOpener): RecordPlace | undefined {
    let newest: RecordPlace | undefined
    for (const batch of this.#batches()) {
      if (newest !== undefined && batchHeader.maxTimestamp(batch, 0) <= newest.timestamp) continue
      for (const place of recordPlaces(batch, open)) {
        if (newest === undefined || place.timestamp > newest.timestamp) newest = place
      }
    }
    return newest
  }

  /** Where the last batch begins: everything before it can be compacted. */
  get lastBatchOffset(): number {
    const last = this.#segments.at(-1)
    return last === undefined ? this.#endOffset : batchHeader.baseOffset(last.bytes, last.positions.at(-1)!)
  }

  /** The offset after the batches that go first: as long as `isToGo` says so of the oldest that is left. */
  offsetAfter(isToGo: (batch: Buffer) => boolean): number {
    let offset = this.#startOffset
    for (const batch of this.#batches()) {
      const lastOffset = batchHeader.lastOffset(batch, 0)
      if (lastOffset < offset) continue
      if (!isToGo(batch)) break
      offset = lastOffset + 1
    }
    return offset
  }

  /** The batches of the segment that holds `offset`, or comes next after it. */
  segmentAt(offset: number): Iterable<Buffer> | undefined {
    const found = this.#find(offset)
    return found === undefined ? undefined : batchesOf(found.segment)
  }

  /**
   * Puts what `rewrite` makes of its batches in the place of the segment at `offset`, as far as they end before
   * `endOffset`, and returns the offset after them. Views of the old segment stay as they were.
   */
  rewriteSegment(
    offset: number,
    endOffset: number,
    rewrite: (batch: Buffer) => Buffer | undefined,
  ): number | undefined {
    const segment = this.#find(offset)?.segment
    if (segment === undefined) return undefined
    let isChanged = false
    const kept: Buffer[] = []
    for (const batch of batchesOf(segment)) {
      const rewritten = batchHeader.lastOffset(batch, 0) < endOffset ? rewrite(batch) : batch
      isChanged ||= rewritten !== batch
      if (rewritten !== undefined) kept.push(rewritten)
    }
    const next = Math.min(lastOffset(segment) + 1, endOffset)
    if (isChanged) this.#replace(segment, kept)
    return next
  }

  /** Puts batches in the place of a segment, together with the segment before it where both are small. */
  #replace(old: Segment, batches: readonly Buffer[]): void {
    const index = this.#segments.indexOf(old)
    const before = this.#segments[index - 1]
    const sizeBytes = batches.reduce((sum, batch) => sum + batch.length, 0)
    const isMerged = before !== undefined && before.lengthBytes + sizeBytes <= segmentBytesMax
    const replaced = isMerged ? [before, old] : [old]
    const segment = segmentOf(isMerged ? [...batchesOf(before), ...batches] : batches)
    const isEmpty = segment.lengthBytes === 0
    this.#segments.splice(index + 1 - replaced.length, replaced.length, ...(isEmpty ? [] : [segment]))
    this.#memory.take(segment.bytes.length)
    for (const { bytes } of replaced) this.#memory.giveBack(bytes.length)
  }

  /** Forgets the records before `offset`; memory comes back by whole segments. */
  advanceStart(offset: number): void {
    assert(offset >= this.#startOffset && offset <= this.#endOffset, 'the log starts within what it holds')
    this.#startOffset = offset
    while (this.#segments.length > 0 && lastOffset(this.#segments[0]!) < offset) {
      this.#memory.giveBack(this.#segments.shift()!.bytes.length)
    }
  }

  /** Gives all memory back; the log must not be used again. */
  free(): void {
    for (const { bytes } of this.#segments) this.#memory.giveBack(bytes.length)
    this.#segments = []
  }

  /** The batches, oldest first, as views. */
  *#batches(): Generator<Buffer> {
    for (const segment of this.#segments) yield* batchesOf(segment)
  }

  #segmentFor(sizeBytes: number): Segment | undefined {
    const last = this.#segments.at(-1)
    if (last !== undefined && last.lengthBytes + sizeBytes <= last.bytes.length) return last
    // Doubling keeps a thousand small topics small and a large one in few pieces.
    const doubled = 2 * (last?.bytes.length ?? 0)
    const grown = Math.min(Math.max(segmentBytesFirst, doubled), segmentBytesMax)
    const capacity = Math.max(grown, sizeBytes)
    return this.#memory.has(capacity) ? this.#newSegment(capacity) : undefined
  }

  #newSegment(capacity: number): Segment {
    this.#memory.take(capacity)
    const segment: Segment = { bytes: Buffer.allocUnsafeSlow(capacity), positions: [], lengthBytes: 0 }
    this.#segments.push(segment)
    return segment
  }

  /** The first batch that ends at or after `offset`. */
  #find(offset: number): { segment: Segment; index: number } | undefined {
    const segments = this.#segments
    const segment = segments[lowerBound(segments.length, (i) => lastOffset(segments[i]!) >= offset)]
    if (segment === undefined) return undefined
    const { bytes, positions } = segment
    const index = lowerBound(positions.length, (i) => batchHeader.lastOffset(bytes, positions[i]!) >= offset)
    return { segment, index }
  }

  /** Where in a segment the first batch at or after `endOffset` begins. */
  #positionOf(segment: Segment, endOffset: number): number {
    if (endOffset >= this.#endOffset) return segment.lengthBytes
    const { bytes, positions } = segment
    const index = lowerBound(positions.length, (i) => batchHeader.baseOffset(bytes, positions[i]!) >= endOffset)
    return positions[index] ?? segment.lengthBytes
  }
}

function* batchesOf({ bytes, positions }: Segment): Generator<Buffer> {
  for (const start of positions) yield bytes.subarray(start, start + batchHeader.sizeBytes(bytes, start))
}

function segmentOf(batches: readonly Buffer[]): Segment {
  const bytes = Buffer.concat(batches)
  const positions: number[] = []
  for (let at = 0; at < bytes.length; at += batchHeader.sizeBytes(bytes, at)) positions.push(at)
  return { bytes, positions, lengthBytes: bytes.length }
}

function lastOffset({ bytes, positions }: Segment): number {
  return batchHeader.lastOffset(bytes, positions.at(-1)!)
}

/** The first index below `length` of which `holds` is true, given that it stays true from there on. */
function lowerBound(length: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
