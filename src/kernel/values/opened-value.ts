import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** With what values are compressed, each by itself. */
export type Compression = 'gzip' | 'zlib' | 'zstd'

const openers = { gzip: gunzipSync, zlib: inflateSync, zstd: zstdDecompressSync } as const

/** What node:zlib throws above `maxOutputLength`. */
const tooLargeCode = 'ERR_BUFFER_TOO_LARGE'

/** Opens a compressed value. @throws Error, which says what is wrong, also where it is larger than `bytesMax`. */
export function openedValue(value: Uint8Array, compression: Compression, bytesMax: number): Uint8Array {
  try {
    return openers[compression](value, { maxOutputLength: bytesMax })
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === tooLargeCode
    const why = isTooLarge ? `it opens to more than ${bytesMax} bytes` : (error as Error).message
    throw new Error(`the value cannot be opened as ${compression}: ${why}`, { cause: error })
  }
}
