import type { Compression, Framing } from '../../kernel/index.ts'
import type { RecordView } from './record-view.ts'
import { invalid } from './topology-checks.ts'

/** What the values of a source are, other than JSON as it stands. `Value` is the type of what functions are given. */
export interface Decoding<Value = unknown> {
  readonly kind: 'decoding'
  readonly framing: Framing
  /** Never there; it carries the type. */
  readonly value?: Value
}

/**
 * Decodes the value of a record; what it returns is written as JSON, which is then routed, and kept. It has to give the
 * same for the same record: a restart decodes pending records again. A promise is awaited, with others at the same
 * time. The bytes are valid until it is settled. A record on which it throws becomes a dead letter (`UNDECODABLE`); only
 * where its promise is rejected is it called again, as other functions are, unless with a `PermanentFailure`.
 */
export type DecodeFunction<Value> = (bytes: Buffer, record: RecordView) => Value | Promise<Value>

/** What a decoding that opens compressed values does not go beyond. */
export interface OpeningOptions {
  /** Bytes that one value may open to, from 1 to 64 MiB; a larger one is a dead letter. @defaultValue 8 MiB */
  readonly bytesMax?: number
}

const bytesMaxDefault = 8 << 20
const bytesMaxLimit = 64 << 20

/**
 * JSON as the serializers of Confluent's schema registry write it: after byte 0 and an id of 4 bytes, or with the id in
 * the header `__value_schema_id`. Anything else is a dead letter.
 *
 * @param options - `ids`: the schemas that are taken, by number, or by GUID where it is in the header; by default any.
 * @throws TopologyError `TOPOLOGY_INVALID` for ids that are none.
 */
export function confluentJson<Value = unknown>({
  ids,
}: { readonly ids?: readonly (number | string)[] } = {}): Decoding<Value> {
  const isId = (id: unknown) => (typeof id === 'number' ? Number.isInteger(id) && id >= 0 : typeof id === 'string')
  if (ids !== undefined && !(Array.isArray(ids) && ids.every(isId))) {
    throw invalid(`the ids of confluentJson are ${JSON.stringify(ids)}, where numbers belong, or GUIDs`)
  }
  const known = ids && new Set(ids.map((id) => (typeof id === 'string' ? id.toLowerCase() : id)))
  return decoding({ kind: 'confluentJson', ids: known })
}

/**
 * JSON as the serializers of Apicurio Registry write it: after byte 0 and an id, or with the id in a header. Anything
 * else is a dead letter.
 *
 * @param options - `idBytes`: 4, or 8 as before version 3. Default: 4.
 * @throws TopologyError `TOPOLOGY_INVALID` for another length.
 */
export function apicurioJson<Value = unknown>({ idBytes = 4 }: { readonly idBytes?: 4 | 8 } = {}): Decoding<Value> {
  if (idBytes !== 4 && idBytes !== 8) throw invalid(`idBytes of apicurioJson is ${String(idBytes)}; it is 4 or 8`)
  return decoding({ kind: 'apicurioJson', idBytes })
}

/**
 * JSON as the serializers of the AWS Glue schema registry write it: after a prefix of 18 bytes, plain or compressed with
 * zlib. Anything else is a dead letter.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for a limit out of its bounds.
 */
export function glueJson<Value = unknown>(options: OpeningOptions = {}): Decoding<Value> {
  return decoding({ kind: 'glueJson', bytesMax: bytesMaxOf('glueJson', options) })
}

/**
 * JSON that the producer has compressed in each value by itself; what Kafka compresses, it opens without being told.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for an unknown compression, or a limit out of its bounds.
 */
export function compressedJson<Value = unknown>(
  compression: Compression,
  options: OpeningOptions = {},
): Decoding<Value> {
  if (!compressions.includes(compression)) {
    const known = compressions.map((name) => JSON.stringify(name)).join(', ')
    throw invalid(`compressedJson is given ${JSON.stringify(compression)}; it may be ${known}`)
  }
  return decoding({ kind: 'compressedJson', compression, bytesMax: bytesMaxOf('compressedJson', options) })
}

/**
 * Values of any bytes, which are a text in base64 for functions and in merged records. Nothing is looked for in them, so
 * the merge key is the key of the record, a header or a function.
 */
export function rawBytes(): Decoding<string> {
  return decoding({ kind: 'rawBytes' })
}

/** Parts that the subtopology before has made: nothing is looked for in them. */
export const routedParts = decoding({ kind: 'routedPart' })

const compressions: readonly string[] = ['gzip', 'zlib', 'zstd']

function decoding<Value>(framing: Framing): Decoding<Value> {
  return { kind: 'decoding', framing }
}

function bytesMaxOf(what: string, { bytesMax = bytesMaxDefault }: OpeningOptions): number {
  if (Number.isSafeInteger(bytesMax) && bytesMax >= 1 && bytesMax <= bytesMaxLimit) return bytesMax
  throw invalid(`bytesMax of ${what} is ${String(bytesMax)}; it is a whole number of bytes from 1 to ${bytesMaxLimit}`)
}

/** A decoding for a person. */
export function decodingText(decode: Decoding<unknown> | DecodeFunction<unknown> | undefined): string {
  if (decode === undefined) return 'JSON'
  if (typeof decode === 'function') return 'what a function decodes'
  const { framing } = decode
  switch (framing.kind) {
    case 'confluentJson':
      return 'JSON after the prefix of a Confluent schema registry'
    case 'apicurioJson':
      return `JSON after the prefix of an Apicurio registry, with an id of ${framing.idBytes} bytes`
    case 'glueJson':
      return 'JSON after the prefix of the AWS Glue schema registry'
    case 'compressedJson':
      return `JSON compressed with ${framing.compression}`
    case 'rawBytes':
      return 'any bytes, in base64'
    case 'routedPart':
      return 'parts'
  }
}
