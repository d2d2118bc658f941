/** Bytes of a `traceparent` of W3C Trace Context. */
export const parentBytes = 55
/** Where the random part of the trace's id begins in the value, its hexadecimal digits, and where the flag `sampled` is. */
export const randomAt = 21
export const randomDigits = 14
export const sampledAt = 54
/** Bytes that a part carries at most of headers whose values are below 64 bytes: their number, and both of them. */
export const carriedBytesMax = 1 + (1 + 11 + 1 + 63) + (1 + 10 + 1 + 63)
