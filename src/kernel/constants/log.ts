/** The logs of an epoch: `../assembly/log.ts` writes and explains them, `../undo-log.ts` reads them. */

export const undoBytes = 16
export const departedBytes = 32
/** Before the first entry of a page. */
export const pageHeaderBytes = 32

/** In the fourth word of an undo entry: not a part that came in, but a row that left. */
export const LEFT = -1

// How a row left: merged; refused by the sink; incomplete when its time was over; merged, and left out by a filter.
export const MERGED = 0
export const REFUSED = 1
export const EXPIRED = 2
export const FILTERED = 3
/** No row, but a part of one, in whose place a later one came. */
export const SUPERSEDED = 4
