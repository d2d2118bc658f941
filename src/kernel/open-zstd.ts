// As one object: a Node.js that lacks zstd could not even load this module else, and say that it is too old.
import zlib from 'node:zlib'

/** What node:zlib throws above `maxOutputLength`. */
export const tooLargeCode = 'ERR_BUFFER_TOO_LARGE'

/** What `info: true` makes of the answer; its type does not say so. */
interface OpenedFrame {
  buffer: Buffer
  engine: { bytesWritten: number }
}

/**
 * Opens zstd data with all its frames. Node.js 24 opens the first one, drops the others, and tells only how many bytes
 * it has taken; a skippable frame opens to nothing (`findings/node-zstd-frames.sh`).
 *
 * @throws Error with the code `tooLargeCode` above `bytesMax`, and others where the bytes are no zstd data.
 * @see RFC 8878, 3.1, "Frames"
 */
export function openZstd(compressed: Uint8Array, bytesMax: number): Buffer {
  const frames: Buffer[] = []
  let size = 0
  let at = 0
  do {
    // The least limit is 1, so a byte over a limit that is used up is noticed below.
    const maxOutputLength = Math.max(1, bytesMax - size)
    const opened: unknown = zlib.zstdDecompressSync(compressed.subarray(at), { maxOutputLength, info: true })
    const { buffer, engine } = opened as OpenedFrame
    frames.push(buffer)
    size += buffer.length
    at += engine.bytesWritten
    if (size > bytesMax) throw Object.assign(new Error(`opens to ${size} bytes`), { code: tooLargeCode })
  } while (at < compressed.length)
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames, size)
}
