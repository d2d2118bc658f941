/**
 * What a field was found to hold. Kinds are told apart as far as later steps profit: strings and numbers that may be
 * used as they stand have kinds of their own. All that can be a merge key come before the others.
 */
export const ValueKind = {
  MISSING: 0,
  /** A string whose bytes between the quotes are its content. */
  PLAIN_STRING: 1,
  /** A string with at least one escape. */
  ESCAPED_STRING: 2,
  /** An integer without fraction and exponent that is not `-0` and has at most `plainDigitsMax` digits. */
  PLAIN_INTEGER: 3,
  /** Any other number. */
  NUMBER: 4,
  OBJECT: 5,
  ARRAY: 6,
  TRUE: 7,
  FALSE: 8,
  NULL: 9,
} as const

export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind]

/** Integers up to this many digits are canonical as plain digits: it holds every 256-bit integer. */
export const plainDigitsMax = 80
