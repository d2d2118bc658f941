/** Bytes of a `traceparent` of W3C Trace Context. */
export const parentBytes = 55
/** Where the random part of the trace's id begins in the value, its hexadecimal digits, and where the flag `sampled` is. */
export const randomAt = 21
export const randomDigits = 14
export const sampledAt = 54
