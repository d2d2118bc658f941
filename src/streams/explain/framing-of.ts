import type { Framing } from '../../kernel/index.ts'
import type { TopologyShape } from '../checkpoint/topology-shape.ts'

/** What one value may open to, where the program that says so is not at hand. */
const bytesMax = 64 << 20

/** The framing that a checkpoint names; undefined for JSON as it stands, and for what a function decodes. */
export function framingOf(decode: TopologyShape['sources'][number]['decode']): Framing | undefined {
  switch (decode) {
    case undefined:
    case 'function':
      return undefined
    case 'apicurioJson':
    case 'apicurioJson8':
      return { kind: 'apicurioJson', idBytes: decode === 'apicurioJson' ? 4 : 8 }
    case 'confluentJson':
    case 'rawBytes':
    case 'routedPart':
      return { kind: decode }
    case 'glueJson':
      return { kind: decode, bytesMax }
    case 'gzipJson':
      return { kind: 'compressedJson', compression: 'gzip', bytesMax }
    case 'zlibJson':
      return { kind: 'compressedJson', compression: 'zlib', bytesMax }
    case 'zstdJson':
      return { kind: 'compressedJson', compression: 'zstd', bytesMax }
  }
}
