import { gunzipSync, inflateSync } from 'node:zlib'
import { openZstd, tooLargeCode } from '../open-zstd.ts'

/** With what values are compressed, each by itself. */
export type Compression = 'gzip' | 'zlib' | 'zstd'

const openers: Record<Compression, (value: Uint8Array, bytesMax: number) => Uint8Array> = {
  gzip: (value, maxOutputLength) => gunzipSync(value, { maxOutputLength }),
  zlib: (value, maxOutputLength) => inflateSync(value, { maxOutputLength }),
  zstd: openZstd,
}

/** Opens a compressed value. @throws Error, which says what is wrong, also where it is larger than `bytesMax`. */
export function openedValue(value: Uint8Array, compression: Compression, bytesMax: number): Uint8Array {
  try {
    return openers[compression](value, bytesMax)
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === tooLargeCode
    const why = isTooLarge ? `it opens to more than ${bytesMax} bytes` : (error as Error).message
    throw new Error(`the value cannot be opened as ${compression}: ${why}`, { cause: error })
  }
}
