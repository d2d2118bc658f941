// In the place that a routed part names, beside the number of its source partition.
/** The key is a number; else a string. */
export const placeOfNumber = 1
/** The key is not spelled canonically. */
export const placeOfRespelled = 2
/** Bits that these take. */
export const placeBits = 2
