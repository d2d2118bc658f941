import { partitionForKey } from '../../kafka/index.ts'
import { encodeHeader, encodeJsonString, writePlainRecord } from '../../kernel/index.ts'
import type { MergedSink } from '../merged/merged-publisher.ts'
import type { Aggregation } from '../topology/aggregation.ts'
import { valueName } from '../topology/aggregation.ts'
import { areSessions } from '../topology/windows.ts'
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

export interface WindowResultsParts {
  readonly sink: Pick<MergedSink, 'out' | 'times'>
  readonly aggregation: Pick<Aggregation, 'windows'>
  readonly keyName: string
  readonly folding: Folding
  readonly rows: Pick<WindowRows, 'published'>
}

/** Writes what windows come to. */
export class WindowResults {
  readonly #sink: Pick<MergedSink, 'out' | 'times'>
  readonly #aggregation: WindowResultsParts['aggregation']
  readonly #folding: Folding
  readonly #rows: Pick<WindowRows, 'published'>
  readonly #keyName: string

  constructor({ sink, aggregation, keyName, folding, rows }: WindowResultsParts) {
    this.#sink = sink
    this.#aggregation = aggregation
    this.#keyName = JSON.stringify(keyName)
    this.#folding = folding
    this.#rows = rows
  }

  /**
   * Writes the result of a window for one key. A timestamp that the topic does not take is moved to the nearest one
   * that it takes.
   *
   * @returns Its bytes.
   */
  write(name: string, row: WindowRow, epoch: number): number {
    const { out, times } = this.#sink
    const { timeMs, isNumber, key: characters } = readWindowName(name)
    const key = Buffer.from(characters, 'latin1')
    const keyJson = isNumber ? characters : Buffer.from(encodeJsonString(key.toString())).toString()
    const { windows } = this.#aggregation
    const { startMs } = row
    const end = areSessions(windows) ? timeMs + 1 : startMs + windows.sizeMs
    const value = Buffer.from(
      `{${this.#keyName}:${keyJson},"start":${startMs},"end":${end},"${valueName}":${this.#folding.resultOf(row)}}`,
    )
    const header = encodeHeader(aggregatedHeaderName, Buffer.from(`${row.records}/${epoch}`))
    const record = { key, value, headerCount: 1, headers: header }
    this.#rows.published()
    writePlainRecord(out, partitionForKey(key, out.partitionCount), times.nearest(row.greatestMs), record)
    return key.length + value.length + header.length
  }
}
