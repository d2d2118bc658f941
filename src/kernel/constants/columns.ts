/** Rows in one batch of columns. Small enough that bytes and columns stay in the second-level cache. */
export const columnsRowsMax = 2048

// Flags of a row.
/** The part lies in `extra`, not in `bytes`: a stage made it. */
export const PART_IN_EXTRA = 1
/** The canonical merge key lies in `extra`, not in `bytes`. */
export const KEY_IN_EXTRA = 2
/** The key is a number; else a string. */
export const KEY_IS_NUMBER = 4
/** The key was not written as its canonical spelling, which the columns of spellings hold. */
export const KEY_RESPELLED = 8
/** That spelling lies in `extra`, not in `bytes`. */
export const SPELLING_IN_EXTRA = 32

/** In place of the field of a part: the part is the whole value of the record. */
export const wholeRecord = -1

/** In place of the field of a key: the key is not in the value. */
export const keyElsewhere = -1
