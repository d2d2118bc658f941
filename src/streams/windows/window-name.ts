/**
 * The name of a row: a time of its window in eight bytes, big-endian, then the kind of its key and the key, in canonical
 * form. The time is the start of a window of fixed length, and the last record of a session: so a character stands for
 * each byte, as in all tables, and names in their order are in that in which their windows close. Of sliding windows, rows
 * have points too, whose names have the time of their records, and kinds of their own.
 */
export interface WindowName {
  readonly timeMs: number
  readonly isNumber: boolean
  /** As Latin-1. */
  readonly key: string
}

const timeBytes = 8
const scratch = Buffer.alloc(timeBytes)
const numberKind = 'n'
const textKind = 't'
/** Of points: the kind that comes right after that of windows of the key, as they do in order. */
const numberPointsKind = 'o'
const textPointsKind = 'u'

/** How the names of all rows of a time begin. */
export function windowPrefix(timeMs: number): string {
  scratch.writeBigUInt64BE(BigInt(timeMs))
  return scratch.toString('latin1')
}

/** What names of rows have of their key. @param key - As Latin-1. */
export function rowKey(isNumber: boolean, key: string): string {
  return (isNumber ? numberKind : textKind) + key
}

/** What names of points have of the key whose windows have this. */
export function pointsKey(key: string): string {
  return (key[0] === numberKind ? numberPointsKind : textPointsKind) + key.slice(1)
}

/** Whether a row has points of sliding windows. */
export function arePoints(name: string): boolean {
  return name[timeBytes] === numberPointsKind || name[timeBytes] === textPointsKind
}

export function readWindowName(name: string): WindowName {
  return {
    timeMs: timeOf(name),
    isNumber: name[timeBytes] === numberKind,
    key: name.slice(timeBytes + 1),
  }
}

export function timeOf(name: string): number {
  scratch.write(name.slice(0, timeBytes), 'latin1')
  return Number(scratch.readBigUInt64BE())
}

/** What is the same in the names of all rows of a key. */
export function keyOf(name: string): string {
  return name.slice(timeBytes)
}
