/**
 * What is pending, as two sums of 32 bits: equal sets of parts have equal digests in whatever order they came. It is
 * over where each part came from, its side and the hash of its key; what stands at a place of the source never changes.
 * The table computes it, in `kernel/assembly/changes.ts`.
 */
export type Digest = readonly [low: number, high: number]

/** That of no parts. */
export const emptyDigest: Digest = [0, 0]

export function addDigests(a: Digest, b: Digest): Digest {
  return [(a[0] + b[0]) >>> 0, (a[1] + b[1]) >>> 0]
}

export function sumOf(digests: Iterable<Digest>): Digest {
  let sum = emptyDigest
  for (const digest of digests) sum = addDigests(sum, digest)
  return sum
}

export function areEqualDigests(a: Digest, b: Digest): boolean {
  return a[0] === b[0] && a[1] === b[1]
}
