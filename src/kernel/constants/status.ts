/** Statuses of reading a record: `../json/status.ts` says what they mean, and `../dead-letter-reason.ts` adds more. */

export const OK = 0
export const NOT_JSON = 1
export const NOT_UTF8 = 2
export const TOO_DEEP = 3
export const NOT_AN_OBJECT = 4
export const KEY_MISSING = 5
export const KEY_TYPE = 6
export const KEY_TOO_LONG = 7
export const NO_VALUE = 8
export const UNKNOWN_STAGE = 9
export const PART_MISSING = 10

/** What WebAssembly says of a value that is neither object nor array: TypeScript finds its status. */
export const unknownScalar = 255
