import type { Api, RequestInputOf, ResponseOf } from './api.ts'
import { Reader } from './reader.ts'
import type { Type } from './schema.ts'
import { Writer } from './writer.ts'

const apiVersionsKey = 18
const lengthBytes = 4

/** What stands in front of a request. */
export interface RequestHeader {
  readonly api: Api
  readonly version: number
  readonly correlationId: number
  readonly clientId: string
}

/** A request with its header and its length, in pieces: record batches are not copied. */
export function encodeRequest<A extends Api>(header: RequestHeader & { api: A }, request: RequestInputOf<A>): Buffer[] {
  const { api, version, correlationId, clientId } = header
  const isFlexible = version >= api.flexibleSince
  const body = new Writer(version, isFlexible)
  if (isFlexible) body.varuint(0)
  api.request.write(body, request as never)
  // The header has a client id of the old form in every version.
  const front = new Writer(version, false)
  front.int32(0)
  front.int16(api.key)
  front.int16(version)
  front.int32(correlationId)
  front.string(clientId)
  const sizeBytes = front.sizeBytes + body.sizeBytes
  const chunks = [...front.finish(), ...body.finish()]
  chunks[0]!.writeInt32BE(sizeBytes - lengthBytes, 0)
  return chunks
}

/**
 * Reads a response after its correlation id. Its byte strings are views of `bytes`.
 *
 * @throws MalformedMessage
 */
export function decodeResponse<A extends Api>(api: A, version: number, bytes: Buffer): ResponseOf<A> {
  const reader = new Reader(bytes)
  reader.version = version
  reader.flexible = version >= api.flexibleSince
  // A client that does not know the version yet must be able to read the header.
  if (reader.flexible && api.key !== apiVersionsKey) reader.skipTags()
  return (api.response as Type<ResponseOf<A>, never>).read(reader)
}
