/**
 * What became of reading one record: 0 is success, the others are reasons for a dead letter.
 * They are small integers because one is returned per record; `statusText` has the words.
 */
export const Status = {
  OK: 0,
  NOT_JSON: 1,
  NOT_UTF8: 2,
  TOO_DEEP: 3,
  NOT_AN_OBJECT: 4,
  KEY_MISSING: 5,
  KEY_TYPE: 6,
  KEY_TOO_LONG: 7,
} as const

export type Status = (typeof Status)[keyof typeof Status]

/** The meaning of each status, by its number. */
export const statusText: readonly string[] = [
  'the record was read',
  'the value is not JSON',
  'the value is not UTF-8',
  'the value is nested too deeply',
  'the value is JSON, but not an object',
  'the field of the merge key is missing',
  'the merge key is neither a string nor a number',
  'the merge key is too long',
]
