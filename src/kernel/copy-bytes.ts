/** Fewer bytes are copied as fast one way as the other. */
const sharedBytesMin = 512

/**
 * Copies bytes, those of shared memory as fast as any others: typed arrays copy these one by one, at a tenth of the
 * speed (`findings/node-shared-copies.sh`), and buffers do not. Nobody may write what is copied meanwhile.
 */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start < sharedBytesMin || !(isShared(from) || isShared(to))) to.set(from.subarray(start, end), at)
  else if (end - start < from.length) copyPart.call(from, to, at, start, end)
  else {
    // All of an array is copied as typed arrays copy it.
    copyPart.call(from, to, at, start, end - 1)
    to[at + end - start - 1] = from[end - 1]!
  }
}

const copyPart = Buffer.prototype.copy as (
  this: Uint8Array,
  ...places: [to: Uint8Array, at: number, start: number, end: number]
) => number

function isShared({ buffer }: Uint8Array): boolean {
  return buffer instanceof SharedArrayBuffer
}
