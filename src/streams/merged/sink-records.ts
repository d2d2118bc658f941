import { encodeHeader, type HandedRecord } from '../../kernel/index.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import { checkHeaders, type Sink, type SinkHeaders } from '../topology/sink.ts'

/** Has the merge key of a record whose own key is another, as JSON. */
export const mergeKeyHeaderName = 'millrace.key'

/** Headers as they stand in a record, beside that of the origins. */
export interface AddedHeaders {
  readonly count: number
  readonly bytes: Uint8Array
}

const noAddedHeaders: AddedHeaders = { count: 0, bytes: new Uint8Array(0) }

/** What a sink makes of its records, beside their value. Throws what its functions throw, and for what is none. */
export class SinkRecords {
  /** Whether it has to see values and merge keys. */
  readonly sees: boolean
  readonly #sink: Sink
  readonly #partitionCount: number
  /** Undefined where a function makes them. */
  readonly #headers: AddedHeaders | undefined

  constructor(sink: Sink, partitionCount: number) {
    const { key, headers, partition } = sink
    this.sees = key !== 'mergeKey' || typeof headers === 'function' || partition !== undefined
    this.#sink = sink
    this.#partitionCount = partitionCount
    this.#headers = typeof headers === 'function' ? undefined : encodeAdded(headers)
  }

  /** Null for none, undefined for the merge key. */
  keyOf(value: unknown, mergeKey: MergeKey): Uint8Array | null | undefined {
    const { key } = this.#sink
    if (key === 'mergeKey') return undefined
    if (key === 'none') return null
    const made: unknown = key(value, mergeKey)
    if (typeof made === 'string') return Buffer.from(made)
    if (made === null || made instanceof Uint8Array) return made
    throw new Error(`a key is text, bytes or null, and not ${typeof made}`)
  }

  headersOf(value: unknown, mergeKey: MergeKey, record: HandedRecord): AddedHeaders {
    const { key, headers } = this.#sink
    const own = this.#headers ?? (typeof headers === 'function' ? this.#made(headers(value, mergeKey)) : noAddedHeaders)
    if (key === 'mergeKey') return own
    const text = record.bytes.toString('utf8', record.keyStart, record.valueStart)
    const json = typeof mergeKey === 'string' ? JSON.stringify(text) : text
    const header = encodeHeader(mergeKeyHeaderName, Buffer.from(json))
    return { count: own.count + 1, bytes: Buffer.concat([own.bytes, header]) }
  }

  /** Undefined for that of the key. */
  partitionOf(value: unknown, mergeKey: MergeKey): number | undefined {
    const partition = this.#sink.partition?.(value, mergeKey, this.#partitionCount)
    if (partition === undefined && this.#sink.partition === undefined) return undefined
    if (Number.isInteger(partition) && partition! >= 0 && partition! < this.#partitionCount) return partition
    throw new Error(`there is no partition ${String(partition)}, but ${this.#partitionCount}, from 0 on`)
  }

  #made(headers: unknown): AddedHeaders {
    checkHeaders(`the headers that "${this.#sink.id}" makes`, headers)
    return encodeAdded(headers)
  }
}

/** Headers as they stand in a record. */
export function encodeAdded(headers: SinkHeaders): AddedHeaders {
  const encoded = Object.entries(headers).map(([name, value]) => encodeHeader(name, Buffer.from(value)))
  return { count: encoded.length, bytes: Buffer.concat(encoded) }
}
