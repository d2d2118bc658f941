import {
  KEY_MISSING,
  KEY_TOO_LONG,
  KEY_TYPE,
  NOT_AN_OBJECT,
  NOT_JSON,
  NOT_UTF8,
  OK,
  TOO_DEEP,
} from '../constants/status.ts'

/**
 * What became of reading one record: 0 is success, the others are reasons for a dead letter.
 * They are small integers because one is returned per record; `statusText` has the words.
 */
export const Status = {
  OK,
  NOT_JSON,
  NOT_UTF8,
  TOO_DEEP,
  NOT_AN_OBJECT,
  KEY_MISSING,
  KEY_TYPE,
  KEY_TOO_LONG,
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
