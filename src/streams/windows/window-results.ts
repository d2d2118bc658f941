import { partitionForKey } from '../../kafka/index.ts'
import { encodeHeader, encodeJsonString, LEFT_OUT, PUBLISHED, Reason, writePlainRecord } from '../../kernel/index.ts'
import type { DeadLetterEncoder } from '../dead-letters/dead-letter.ts'
import type { MergedPublisher, MergedSink } from '../merged/merged-publisher.ts'
import { oneHeader } from '../merged/stored-record.ts'
import type { Aggregation } from '../topology/aggregation.ts'
import { valueName } from '../topology/aggregation.ts'
import { areSessions, areSliding, type Windows } from '../topology/windows.ts'
import type { Folding } from './folding.ts'
import { readWindowName } from './window-name.ts'
import type { WindowRow } from './window-row.ts'
import type { WindowRows } from './window-rows.ts'

/** Has the number of records that a result is of, and the epoch that has published it: `17/1234`. */
export const aggregatedHeaderName = 'millrace.aggregated'

/** What that header says. */
export interface ResultFacts {
  readonly records: number
  readonly epoch: number
}

export function readResultFacts(header: Uint8Array): ResultFacts | undefined {
  const [, records, epoch] = /^(\d+)\/(\d+)$/.exec(Buffer.from(header).toString()) ?? []
  return epoch === undefined ? undefined : { records: Number(records), epoch: Number(epoch) }
}

/** Bytes of a result beside its key and its value, at most: names, numbers and the header. */
const resultFrameBytes = 256
/** Of a character of a key as it is written in JSON, such as \\u0000, and once more as the key of the record. */
const keyCharacterBytesMax = 7

/** Bytes that a result may have. @param key - As Latin-1. */
export function resultBytesMax(key: string, valueBytes: number): number {
  return keyCharacterBytesMax * key.length + valueBytes + resultFrameBytes
}

/** Where results go. */
export interface ResultOutputs {
  /** One at least. */
  readonly sinks: readonly Pick<MergedSink, 'out' | 'times' | 'recordBytesMax'>[]
  /** What has functions and sinks make of them what they become; absent where they are published as they are. */
  readonly publisher: Pick<MergedPublisher, 'publish'> | undefined
  readonly letters: Pick<DeadLetterEncoder, 'encodeResult' | 'partitionCount'>
  /** Why one is not published, by its outcome. */
  readonly causeOf: (reason: number) => string
}

export interface WindowResultsParts {
  readonly outputs: ResultOutputs
  readonly aggregation: Pick<Aggregation, 'windows' | 'results'>
  readonly keyName: string
  readonly folding: Folding
  readonly rows: Pick<WindowRows, 'published' | 'leftOut' | 'tookIn'>
}

/** Writes what windows come to, or hands it to the functions after the windows. */
export class WindowResults {
  readonly #outputs: ResultOutputs
  readonly #aggregation: WindowResultsParts['aggregation']
  readonly #folding: Folding
  readonly #rows: WindowResultsParts['rows']
  readonly #keyName: string

  constructor({ outputs, aggregation, keyName, folding, rows }: WindowResultsParts) {
    this.#outputs = outputs
    this.#aggregation = aggregation
    this.#folding = folding
    this.#rows = rows
    this.#keyName = JSON.stringify(keyName)
  }

  /** Bytes that a result may have, whichever sink it goes to. */
  get recordBytesMax(): number {
    return Math.min(...this.#outputs.sinks.map(({ recordBytesMax }) => recordBytesMax))
  }

  /**
   * Publishes the result of a window for one key, or what functions make of it. A timestamp that the topic does not take
   * is moved to the nearest one that it takes.
   *
   * @param failure - Why there is no value; then the result is a dead letter.
   * @returns Its bytes.
   */
  write(name: string, row: WindowRow, epoch: number, failure?: string): number {
    const { timeMs, isNumber, key: characters } = readWindowName(name)
    const key = Buffer.from(characters, 'latin1')
    const keyJson = isNumber ? characters : Buffer.from(encodeJsonString(key.toString())).toString()
    const { windows, results } = this.#aggregation
    if (areSliding(windows)) this.#rows.tookIn(results === 'changes' ? 1 : row.records)
    const { startMs } = row
    const made = failure === undefined ? this.#folding.resultOf(row) : 'null'
    const value = Buffer.from(
      `{${this.#keyName}:${keyJson},"start":${startMs},"end":${endOf(windows, startMs, timeMs)},"${valueName}":${made}}`,
    )
    const header = encodeHeader(aggregatedHeaderName, Buffer.from(`${row.records}/${epoch}`))
    const { sinks, publisher } = this.#outputs
    const [{ out, times }] = sinks as [ResultOutputs['sinks'][number]]
    const timestamp = times.nearest(row.greatestMs)
    const record = { key, value, headerCount: 1, headers: header }
    if (failure !== undefined) {
      this.#rows.published()
      this.#refuse(record, failure, timestamp)
    } else if (publisher === undefined) {
      this.#rows.published()
      writePlainRecord(out, partitionForKey(key, out.partitionCount), timestamp, record)
    } else this.#handOver(publisher, record, timestamp, row.records)
    return key.length + value.length + header.length
  }

  #handOver(publisher: Pick<MergedPublisher, 'publish'>, record: Result, timestamp: number, records: number): void {
    const { key, value, headers } = record
    const headersStart = key.length + value.length
    const end = headersStart + oneHeader.length + headers.length
    const outcome = publisher.publish({
      bytes: Buffer.concat([key, value, oneHeader, headers]),
      keyStart: 0,
      valueStart: key.length,
      headersStart,
      carriedStart: end,
      end,
      greatestMs: timestamp,
      leastMs: timestamp,
      partition: 0,
      offset: 0,
    })
    if (outcome === LEFT_OUT) return this.#rows.leftOut(records)
    this.#rows.published()
    if (outcome === PUBLISHED) return
    this.#refuse(record, this.#outputs.causeOf(outcome), timestamp)
  }

  /** It is there all the same: what it is of is found in the topic of dead letters. */
  #refuse(record: Result, cause: string, timestamp: number): void {
    const { letters } = this.#outputs
    const partition = partitionForKey(record.key, letters.partitionCount)
    letters.encodeResult(record, Reason.RESULT_FAILED, cause, timestamp, partition)
  }
}

/** @param timeMs - Of the name of its row. */
function endOf(windows: Windows, startMs: number, timeMs: number): number {
  if (areSessions(windows)) return timeMs + 1
  return startMs + (areSliding(windows) ? windows.timeDifferenceMs + 1 : windows.sizeMs)
}

interface Result {
  readonly key: Buffer
  readonly value: Buffer
  readonly headerCount: number
  readonly headers: Uint8Array
}
