/**
 * The name of a row: the start of its window in eight bytes, big-endian, then the kind of its key and the key, in
 * canonical form. A character stands for each byte, as in all tables, and names in their order are in that of their
 * windows.
 */
export interface WindowName {
  readonly startMs: number
  readonly isNumber: boolean
  /** As Latin-1. */
  readonly key: string
}

const startBytes = 8
const scratch = Buffer.alloc(startBytes)
const numberKind = 'n'
const textKind = 't'

/** How the names of all rows of a window begin. */
export function windowPrefix(startMs: number): string {
  scratch.writeBigUInt64BE(BigInt(startMs))
  return scratch.toString('latin1')
}

/** @param key - As Latin-1. */
export function windowRowName(prefix: string, isNumber: boolean, key: string): string {
  return prefix + (isNumber ? numberKind : textKind) + key
}

export function readWindowName(name: string): WindowName {
  return {
    startMs: startOf(name),
    isNumber: name[startBytes] === numberKind,
    key: name.slice(startBytes + 1),
  }
}

export function startOf(name: string): number {
  scratch.write(name.slice(0, startBytes), 'latin1')
  return Number(scratch.readBigUInt64BE())
}
