/** What becomes of a row with all its parts; above 0, the reason why they leave as dead letters. */

export const PUBLISHED = 0
/** A filter has left its merged record out. */
export const LEFT_OUT = -1
