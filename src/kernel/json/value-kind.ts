import {
  ARRAY,
  ESCAPED_STRING,
  FALSE,
  MISSING,
  NULL,
  NUMBER,
  OBJECT,
  PLAIN_INTEGER,
  PLAIN_STRING,
  TRUE,
} from '../constants/value-kind.ts'

/**
 * What a field was found to hold. Kinds are told apart as far as later steps profit: strings and numbers that may be
 * used as they stand have kinds of their own.
 */
export const ValueKind = {
  MISSING,
  PLAIN_STRING,
  ESCAPED_STRING,
  PLAIN_INTEGER,
  NUMBER,
  OBJECT,
  ARRAY,
  TRUE,
  FALSE,
  NULL,
} as const

export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind]
