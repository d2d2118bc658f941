/** The hash of a key, 32 bits, the same in every process. @see FNV-1a, by Fowler, Noll and Vo */
export function hashKey(key: string | number): number {
  const text = String(key)
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}

/** Spreads the bits of a hash over all of its 32, unsigned. @see MurmurHash3's finalizer, by Appleby */
export function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
