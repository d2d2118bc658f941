/**
 * What is kept of a record until the last window that may have it has closed; of an aggregate that is a number, of all
 * records of a time that are in the same windows.
 */
export interface SlidingPoint {
  /** Windows have it that were not closed at this time; 0 where all were open. */
  readonly takenMs: number
  readonly offset: number
  /** Of its source partition. */
  readonly partition: number
  readonly records: number
  /** As the aggregate reads it again. */
  readonly text: string
}

const numberOfNumbers = 5

/** As a row has it, where one follows the other. */
export function writePoint({ takenMs, offset, partition, records, text }: SlidingPoint): string {
  return `${takenMs},${offset},${partition},${records},${text.length}:${text}`
}

export function readPoints(written: string): SlidingPoint[] {
  const points: SlidingPoint[] = []
  for (let at = 0; at < written.length;) {
    const textAt = written.indexOf(':', at) + 1
    const numbers = written
      .slice(at, textAt - 1)
      .split(',', numberOfNumbers)
      .map(Number)
    const [takenMs, offset, partition, records, length] = numbers as [number, number, number, number, number]
    at = textAt + length
    points.push({ takenMs, offset, partition, records, text: written.slice(textAt, at) })
  }
  return points
}

/** Those of a partition in the order in which they were consumed. */
export function byOffset(left: SlidingPoint, right: SlidingPoint): number {
  return left.offset - right.offset || left.partition - right.partition
}
