import { ByteCursor } from './byte-cursor.ts'
import { writeVarint } from './output-batch.ts'

/**
 * Header of a merged record that says where its parts came from: number of the source partition and offset of each
 * side's part, in declared order, as zigzag varints; of a side that has no part, -1 and -1.
 */
export const originsHeaderName = 'millrace.origins'

/** How the headers begin of a record that has no other: their count, and the name. */
export function encodeOriginsPrefix(): Uint8Array {
  const prefix = Buffer.alloc(2 + originsHeaderName.length)
  prefix.write(originsHeaderName, writeVarint(prefix, writeVarint(prefix, 0, 1), originsHeaderName.length))
  return prefix
}

/** Where a part came from. */
export interface PartOrigin {
  /** Number of the source partition. */
  readonly partition: number
  readonly offset: number
}

/**
 * Reads the header's value: an origin for each side, or undefined for one without a part. Undefined where it is none.
 */
export function readOrigins(value: Uint8Array): (PartOrigin | undefined)[] | undefined {
  const cursor = new ByteCursor(value)
  const origins: (PartOrigin | undefined)[] = []
  try {
    while (!cursor.isAtEnd) {
      const partition = cursor.varint()
      const offset = cursor.varint()
      origins.push(partition < 0 || offset < 0 ? undefined : { partition, offset })
    }
  } catch {
    return undefined
  }
  return origins
}
