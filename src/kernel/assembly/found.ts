/** What a scan has found of each field: where its value lies, quotes included, and what it is. */

export const fieldsMax: i32 = 32

export const starts = memory.data(4 * fieldsMax, 16)
export const ends = memory.data(4 * fieldsMax, 16)
export const kinds = memory.data(4 * fieldsMax, 16)

export const MISSING: i32 = 0
export const PLAIN_STRING: i32 = 1
export const ESCAPED_STRING: i32 = 2
export const PLAIN_INTEGER: i32 = 3
export const NUMBER: i32 = 4
export const OBJECT: i32 = 5
export const ARRAY: i32 = 6
export const TRUE: i32 = 7
export const FALSE: i32 = 8
export const NULL: i32 = 9
