/** Fields of `Span`, `Event` and `Link` of OTLP. @see opentelemetry-proto, `trace/v1/trace.proto` */
export const TRACE_ID = 1
export const SPAN_ID = 2
export const PARENT_ID = 4
export const ATTRIBUTES = 9
export const EVENT = 11
export const EVENT_ATTRIBUTES = 3
export const LINK_ATTRIBUTES = 4

/** Times and flags, with their wire types. */
export const START_TIME = 0x39
export const END_TIME = 0x41
export const EVENT_TIME = 0x09
export const FLAGS = [0x85, 0x01]
export const LINK_FLAGS = 0x35

export const isSampled = 0x01
/** The context says whether it is of another process, and is. */
export const isRemote = 0x300

/** Of a time that is written later. */
export function timeField(tag: number): Buffer {
  return Buffer.from([tag, 0, 0, 0, 0, 0, 0, 0, 0])
}

/** How a field begins whose length is below 16,384 and whose number is below 16: with so many bytes. */
export function headBytes(bytes: Uint8Array): number {
  return bytes[1]! < 0x80 ? 2 : 3
}
