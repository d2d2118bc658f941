import type { FieldPath } from '../json/index.ts'

/** What the bytes of a record's key, or of a header, are: UTF-8, JSON, or anything, which is a string in base64. */
export type KeyEncoding = 'text' | 'json' | 'base64'

/** Where the merge key of a record stands. */
export type KeyPlace =
  | { readonly kind: 'field'; readonly path: FieldPath }
  /** A field whose strings count as numbers, or its numbers as strings. */
  | { readonly kind: 'convertedField'; readonly path: FieldPath; readonly as: 'string' | 'number' }
  | { readonly kind: 'recordKey'; readonly as: KeyEncoding }
  | { readonly kind: 'header'; readonly name: string; readonly as: KeyEncoding }
  /** What a function makes of the record later. */
  | { readonly kind: 'keyFunction' }
