import { KeyTag, MergeKeyReader } from '../json/index.ts'
import { ValueKind } from '../json/value-kind.ts'
import type { ComparedKey } from '../table-counts.ts'

const utf8 = new TextEncoder()

/** A key as JSON, and what a scanner would say of it. @param key - A string, a finite number or an integer. */
export function spelledKey(key: string | number | bigint): { bytes: Uint8Array; kind: ValueKind } {
  if (typeof key !== 'string') return { bytes: utf8.encode(String(key)), kind: ValueKind.NUMBER }
  const spelling = JSON.stringify(key)
  const kind = spelling.includes('\\') ? ValueKind.ESCAPED_STRING : ValueKind.PLAIN_STRING
  return { bytes: utf8.encode(spelling), kind }
}

/** A merge key as it is compared. @param key - A string, a finite number or an integer. */
export function comparedKey(key: string | number | bigint): ComparedKey {
  const { bytes, kind } = spelledKey(key)
  const reader = new MergeKeyReader({ spellingBytesMax: Infinity })
  reader.read(bytes, 0, bytes.length, kind)
  const { start, end, tag, inScratch, scratch } = reader
  return { bytes: (inScratch ? scratch : bytes).subarray(start, end), isNumber: tag === KeyTag.NUMBER }
}
