/**
 * The place, 0 to 3, of the lowest byte of a little-endian word that has its high bit set.
 * `flags` holds high bits only, at least one.
 */
export function firstFlagged(flags: number): number {
  return (31 - Math.clz32(flags & -flags)) >> 3
}
