/** The most fields one scanner looks for. */
export const fieldsMax = 32

// What a field was found to hold. All that can be a merge key come before the others.
export const MISSING = 0
/** A string whose bytes between the quotes are its content. */
export const PLAIN_STRING = 1
/** A string with at least one escape. */
export const ESCAPED_STRING = 2
/** An integer without fraction and exponent that is not `-0` and has at most `plainDigitsMax` digits. */
export const PLAIN_INTEGER = 3
/** Any other number. */
export const NUMBER = 4
export const OBJECT = 5
export const ARRAY = 6
export const TRUE = 7
export const FALSE = 8
export const NULL = 9

/** Integers up to this many digits are canonical as plain digits: it holds every 256-bit integer. */
export const plainDigitsMax = 80
