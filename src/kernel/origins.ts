import { ByteCursor } from './byte-cursor.ts'
import { varintLength, writeVarint } from './output-batch.ts'

/**
 * Header of a merged record that says where its parts came from: number of the source partition and offset of each
 * side's part, in declared order, as zigzag varints; of a side that has no part, -1 and -1. Before those of a list stand
 * -2, or -3 where it was not full when its row expired, and their number.
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

/** Where the parts of a side came from that is a list of them. */
export interface ListOrigins {
  /** Whether it had all that a merge needs of it. */
  readonly isWhole: boolean
  readonly parts: readonly PartOrigin[]
}

/** Of a side: its part, its parts, or undefined where there is none. */
export type SideOrigin = PartOrigin | ListOrigins | undefined

const none = -1
const wholeList = -2
const openList = -3

/** Writes the header's value. */
export function encodeOrigins(origins: readonly SideOrigin[]): Uint8Array {
  const numbers = origins.flatMap((origin) => {
    if (origin === undefined) return [none, none]
    if (!('parts' in origin)) return [origin.partition, origin.offset]
    const { isWhole, parts } = origin
    const places = parts.flatMap(({ partition, offset }) => [partition, offset])
    return [isWhole ? wholeList : openList, parts.length, ...places]
  })
  const value = Buffer.alloc(numbers.reduce((sum, number) => sum + varintLength(number), 0))
  numbers.reduce((at, number) => writeVarint(value, at, number), 0)
  return value
}

/** Reads the header's value: an origin for each side. Undefined where it is none. */
export function readOrigins(value: Uint8Array): SideOrigin[] | undefined {
  const cursor = new ByteCursor(value)
  const origins: SideOrigin[] = []
  try {
    while (!cursor.isAtEnd) {
      const partition = cursor.varint()
      const offset = cursor.varint()
      if (partition === wholeList || partition === openList) {
        if (offset < 0 || offset > value.length) return undefined
        const parts = Array.from({ length: offset }, () => ({ partition: cursor.varint(), offset: cursor.varint() }))
        origins.push({ isWhole: partition === wholeList, parts })
      } else origins.push(partition < 0 || offset < 0 ? undefined : { partition, offset })
    }
  } catch {
    return undefined
  }
  return origins
}

/** The parts of a side. */
export function partsFrom(origin: SideOrigin): readonly PartOrigin[] {
  if (origin === undefined) return []
  return 'parts' in origin ? origin.parts : [origin]
}
