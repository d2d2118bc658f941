/** Where the ids are in the template of a span, and in that of a link, which begins with the same two. */
export const traceIdAt = 2
export const spanIdAt = traceIdAt + 16 + 2
/** Bytes of what a part carries at most: their number, and two headers whose values have up to 512. */
export const carriedSpanBytesMax = 1 + (1 + 11 + 2 + 512) + (1 + 10 + 2 + 512)
