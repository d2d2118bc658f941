import { BYTES, FIXED32, FIXED64, VARINT } from './protobuf.ts'

/**
 * What a collector says of spans that it has not taken, in `ExportTraceServiceResponse`. An answer that is something
 * else says nothing.
 */
export function partialSuccessOf(response: Buffer): { rejected?: number; cause?: string } {
  const message = fieldsOf(response).get(1)
  if (!Buffer.isBuffer(message)) return {}
  const fields = fieldsOf(message)
  const [rejected, cause] = [fields.get(1), fields.get(2)]
  if (typeof rejected !== 'number' || rejected === 0) return {}
  return { rejected, cause: `the collector has rejected spans${cause === undefined ? '' : `: ${String(cause)}`}` }
}

/** The last value of each field; what is cut off is left out. */
function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>()
  let at = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 0x80) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    return value
  }
  while (at < bytes.length) {
    const tag = varint()
    const type = tag & 7
    if (type === VARINT) fields.set(tag >>> 3, varint())
    else if (type === FIXED64) at += 8
    else if (type === FIXED32) at += 4
    else if (type === BYTES) {
      const length = varint()
      fields.set(tag >>> 3, bytes.subarray(at, at + length))
      at += length
    } else break
  }
  return fields
}
