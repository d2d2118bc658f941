/** How a merge is told to whoever follows traces: the layout is drawn in `../assembly/traced-merges.ts`. */

export const mergeHeadBytes = 16
/** Where the head has the number of parts, and the id of the span. */
export const partCountAt = 4
export const mergeSpanIdAt = 8

export const mergedPartBytes = 28
/** Where a part has its source partition, after its side, its offset, its timestamp and the length of what it carries. */
export const partPartitionAt = 4
export const partOffsetAt = 8
export const partTimestampAt = 16
export const partCarriedLengthAt = 24
