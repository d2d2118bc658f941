import { encodeHeader, headerOf, type RecordColumns } from '../../kernel/index.ts'
import { isSamePlace } from '../topics/same-place.ts'
import type { Origin } from '../topics/source-partitions.ts'
import type { Extent } from './extent.ts'

/** Says of a record in the topic of redriven letters which dead letter it was. No function sees it. */
export const letterHeader = 'millrace.letter'

/** A dead letter that goes through the program again. Its own place is that of its record in a source. */
export interface RedrivenLetter extends Origin {
  /** Where the program has consumed it before: the same place, or one in the topic of redriven letters. */
  readonly consumed: Origin
  /** Of a source with a flatMap: which of the records that it makes are driven. Absent where there is none. */
  readonly extent?: Extent
  /** Why it was a dead letter. */
  readonly reason: string
  /** How often it has been redriven, this time included. */
  readonly redriven: number
}

type WrittenOrigin = readonly [topic: string, partition: number, offset: number, index?: number]

interface WrittenLetter {
  readonly origin: WrittenOrigin
  /** Absent where it is the same. */
  readonly consumed?: WrittenOrigin
  readonly extent?: Extent
  readonly reason: string
  readonly redriven: number
}

export function encodeLetterHeader({ consumed, extent, reason, redriven, ...origin }: RedrivenLetter): Uint8Array {
  const letter: WrittenLetter = {
    origin: written(origin),
    ...(!isSamePlace(consumed, origin) && { consumed: written(consumed) }),
    ...(extent !== undefined && { extent }),
    reason,
    redriven,
  }
  return encodeHeader(letterHeader, Buffer.from(JSON.stringify(letter)))
}

/** Undefined for a record that no redrive has written. */
export function readLetterHeader(columns: RecordColumns, row: number): RedrivenLetter | undefined {
  const value = headerOf(columns, row, letterHeader)
  if (value === undefined) return undefined
  try {
    const { origin, consumed = origin, ...rest }: WrittenLetter = JSON.parse(Buffer.from(value).toString())
    return { ...read(origin), consumed: read(consumed), ...rest }
  } catch {
    return undefined
  }
}

/** The letters that rows are, by their offsets. */
export function lettersIn(columns: RecordColumns): Map<number, RedrivenLetter> {
  const letters = new Map<number, RedrivenLetter>()
  for (let row = 0; row < columns.count; row++) {
    const letter = readLetterHeader(columns, row)
    if (letter !== undefined) letters.set(columns.offset[row]!, letter)
  }
  return letters
}

function written({ topic, partition, offset, index }: Origin): WrittenOrigin {
  return index === undefined ? [topic, partition, offset] : [topic, partition, offset, index]
}

function read([topic, partition, offset, index]: WrittenOrigin): Origin {
  return { topic, partition, offset, ...(index !== undefined && { index }) }
}
