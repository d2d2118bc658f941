import { partitionForKey } from '../../kafka/index.ts'
import {
  type HandedRecord,
  noTimestamp,
  type OutputBuilder,
  type PendingRow,
  PUBLISHED,
  Reason,
  TRACED,
  varintLength,
  writeVarint,
} from '../../kernel/index.ts'
import type { MergeSpans } from '../tracing/merge-spans.ts'
import type { TimestampWindow } from '../time/timestamp-window.ts'
import type { MergedNames } from '../topology/merged-names.ts'
import type { Sink } from '../topology/sink.ts'
import type { PublishedRecords, Publishing } from './published-records.ts'
import { oneHeader, storedRecord } from './stored-record.ts'

/** A topic of merged records, and what it takes. */
export interface MergedSink {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: Pick<TimestampWindow, 'earliestMs' | 'latestMs' | 'nearest'>
  readonly timestamp: Sink['timestamp']
  readonly traceContext: boolean
}

/** What says what merged records become. */
export interface MergedMaker {
  /** @returns Whether a record is to be published, as an outcome of its row. */
  apply(record: HandedRecord): number
  /** What the last record has become, where that is to be published. */
  readonly published: Pick<PublishedRecords, 'count' | 'at'>
}

/**
 * Publishes merged records that the table does not write by itself: those that lack sides or have lists, and all of a
 * program that has functions after the merge, or sinks with options. They look as the table's do, but for what these
 * make of them.
 *
 * State: none but which timestamps the sinks take for now. Outcomes are those of the kernel: published, left out, or
 * the dead-letter code of the parts.
 */
export class MergedPublisher {
  readonly #names: MergedNames
  readonly #sinks: readonly MergedSink[]
  readonly #functions: MergedMaker
  readonly #spans: Pick<MergeSpans, 'carried'> | undefined
  readonly #earliestMs: number[]
  readonly #latestMs: number[]
  #nowMs = 0
  /** Of what was measured last. */
  readonly #measures = {
    keyLength: 0,
    valueLength: 0,
    headerCount: 0,
    headersLength: 0,
    timestamp: 0,
    /** What the record carries on lies there, after the number of its headers; nothing where start and end are one. */
    carrier: Buffer.alloc(0) as Buffer,
    carriedStart: 0,
    carriedEnd: 0,
  }

  /** @param spans - Of merges, of which records carry those on that there are. */
  constructor(
    names: MergedNames,
    sinks: readonly MergedSink[],
    functions: MergedMaker,
    spans: Pick<MergeSpans, 'carried'> | undefined,
  ) {
    this.#spans = spans
    this.#names = names
    this.#sinks = sinks
    this.#functions = functions
    this.#earliestMs = sinks.map(() => -Infinity)
    this.#latestMs = sinks.map(() => Infinity)
  }

  /** Sets which timestamps the sinks take for now. */
  takeTimes(nowMs: number): void {
    this.#nowMs = nowMs
    for (const [index, { times }] of this.#sinks.entries()) {
      this.#earliestMs[index] = times.earliestMs
      this.#latestMs[index] = times.latestMs
    }
  }

  /** Publishes a row that lacks sides, or has lists. */
  publishStored(row: PendingRow): number {
    return this.publish(storedRecord(this.#names, row))
  }

  publish(record: HandedRecord): number {
    const outcome = this.#functions.apply(record)
    if (outcome !== PUBLISHED) return outcome
    const { published } = this.#functions
    // None is written before all are known to fit.
    for (let index = 0; index < published.count; index++) {
      const fit = this.#measure(record, published.at(index))
      if (fit !== PUBLISHED) return fit
    }
    for (let index = 0; index < published.count; index++) {
      const publishing = published.at(index)
      if (published.count > 1) this.#measure(record, publishing)
      this.#write(record, publishing)
    }
    return PUBLISHED
  }

  /** Measures what a record becomes, for `#write`; returns whether its sink takes that. */
  #measure(record: HandedRecord, { sink, made, key, added }: Publishing): number {
    const { keyStart, valueStart, headersStart, carriedStart } = record
    const { recordBytesMax, traceContext } = this.#sinks[sink]!
    const measures = this.#measures
    measures.keyLength = key === undefined ? valueStart - keyStart : key === null ? -1 : key.length
    measures.valueLength = made === undefined ? headersStart - valueStart : made === null ? -1 : Buffer.byteLength(made)
    measures.timestamp = this.#timestampOf(record, sink)
    const carriedCount = traceContext ? this.#carry(record) : 0
    const carriedLength = carriedCount === 0 ? 0 : measures.carriedEnd - measures.carriedStart
    measures.headerCount = 1 + carriedCount + added.count
    const ownLength = carriedStart - originsStartOf(record) + carriedLength + added.bytes.length
    measures.headersLength = varintLength(measures.headerCount) + ownLength
    const { keyLength, valueLength, headersLength, timestamp } = measures
    if (Math.max(keyLength, 0) + Math.max(valueLength, 0) + headersLength > recordBytesMax) {
      return Reason.MERGE_TOO_LARGE
    }
    if (timestamp !== noTimestamp && (timestamp < this.#earliestMs[sink]! || timestamp > this.#latestMs[sink]!)) {
      return Reason.MERGE_TIMESTAMP_REFUSED
    }
    return PUBLISHED
  }

  /** Finds what a record carries on, the span of its merge or what a part has carried; returns how many headers. */
  #carry({ bytes, carriedStart, end }: HandedRecord): number {
    const measures = this.#measures
    const span = this.#spans?.carried
    measures.carrier = span === undefined ? bytes : Buffer.from(span.buffer, span.byteOffset, span.length)
    const start = span === undefined ? carriedStart : 0
    measures.carriedEnd = span?.length ?? end
    // They begin with their number.
    measures.carriedStart = Math.min(start + 1, measures.carriedEnd)
    return measures.carriedEnd > start ? measures.carrier[start]! & ~TRACED : 0
  }

  /** Writes a record that was measured last. */
  #write(record: HandedRecord, { sink, made, key, added, partition }: Publishing): void {
    const { bytes, keyStart, valueStart, headersStart, carriedStart } = record
    const { out, traceContext } = this.#sinks[sink]!
    const { keyLength, valueLength, headersLength, headerCount, timestamp } = this.#measures
    const { carrier, carriedStart: carriedFrom, carriedEnd } = this.#measures
    const to = partition ?? partitionOf(record, key, out.partitionCount)
    const batch = out.begin(to, timestamp, keyLength, valueLength, headersLength)
    const { buffer } = batch
    let at = batch.position
    if (key === undefined) at += bytes.copy(buffer, at, keyStart, valueStart)
    else if (key !== null) at += put(buffer, at, key)
    at = writeVarint(buffer, at, valueLength)
    if (typeof made === 'string') at += buffer.write(made, at)
    else if (made === undefined) at += bytes.copy(buffer, at, valueStart, headersStart)
    at = writeVarint(buffer, at, headerCount)
    at += bytes.copy(buffer, at, originsStartOf(record), carriedStart)
    if (traceContext) at += carrier.copy(buffer, at, carriedFrom, carriedEnd)
    at += put(buffer, at, added.bytes)
    batch.position = at
  }

  #timestampOf({ greatestMs, leastMs }: HandedRecord, sink: number): number {
    const { timestamp } = this.#sinks[sink]!
    if (timestamp === 'processingTime') return this.#nowMs
    return timestamp === 'least' ? leastMs : greatestMs
  }
}

/** By the key of the merge where the record has none. */
function partitionOf({ bytes, keyStart, valueStart }: HandedRecord, key: Publishing['key'], count: number): number {
  return key ? partitionForKey(key, count) : partitionForKey(bytes, count, keyStart, valueStart)
}

/** The header of the table, which is written anew with the count of all. */
function originsStartOf({ headersStart }: HandedRecord): number {
  return headersStart + oneHeader.length
}

function put(buffer: Buffer, at: number, bytes: Uint8Array): number {
  buffer.set(bytes, at)
  return bytes.length
}
