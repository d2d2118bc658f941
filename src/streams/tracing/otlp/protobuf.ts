/** Protobuf as bytes: field numbers with their wire types, and what is written in one place after another. */

/** Wire types. */
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

/** Writes milliseconds as the nanoseconds of a `fixed64`, exactly. */
export function putNanoseconds(bytes: DataView, at: number, ms: number): void {
  const upper = Math.floor(ms / 2 ** 20)
  const high = upper * 1e6
  const highest = Math.floor(high / 2 ** 12)
  const low = (high - highest * 2 ** 12) * 2 ** 20 + (ms - upper * 2 ** 20) * 1e6
  // What is beyond 32 bits is left out.
  bytes.setUint32(at, low, true)
  bytes.setUint32(at + 4, highest + Math.floor(low / 2 ** 32), true)
}

function tag(field: number, type: number): number[] {
  return varint((field << 3) | type)
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (; value > 0x7f; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80)
  bytes.push(value)
  return bytes
}

/** A field with a length: a text, bytes, or a message by its fields. */
export function field(number: number, value: string | Uint8Array | readonly Uint8Array[]): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : Array.isArray(value) ? Buffer.concat(value) : value
  return Buffer.concat([fieldHead(number, bytes.length), bytes as Uint8Array])
}

/** How such a field begins. */
export function fieldHead(number: number, length: number): Buffer {
  return Buffer.from([...tag(number, BYTES), ...varint(length)])
}

export function varintField(number: number, value: number): Buffer {
  return Buffer.from([...tag(number, VARINT), ...varint(value)])
}

/** An attribute of OTLP as a field: a `KeyValue` with an `AnyValue`, a text or a whole number. */
export function attribute(number: number, key: string, value: string | number): Buffer {
  const any = typeof value === 'string' ? field(1, value) : varintField(3, value)
  return field(number, [field(1, key), field(2, any)])
}
