/** Bytes of what a part carries at most: their number, and two headers whose values have up to 512. */
export const carriedSpanBytesMax = 1 + (1 + 11 + 2 + 512) + (1 + 10 + 2 + 512)
/** Words before the bytes of a template of a part. */
export const partTemplateWords = 7
/** Bytes of the fields at most that end each span of an epoch. */
export const lastBytesMax = 64
