/** The memory of the table: `../assembly/segments.ts` divides it, `../table-machine.ts` moves it. */

export const segmentBits = 21
export const pageBits = 17

// Kinds of segments.
export const FREE = 0
/** Free, and never used since the memory was made: the system has not given it yet. */
export const UNTOUCHED = 7
