import type { Compression } from './opened-value.ts'

/** What stands around the JSON of a source's values, or what they are in its place. */
export type Framing =
  /** Byte 0 and an id of 4 bytes before it, or the id in a header. */
  | {
      readonly kind: 'confluentJson'
      /** Ids of schemas, numbers or GUIDs, one of which a value has to have. */
      readonly ids?: ReadonlySet<number | string> | undefined
    }
  /** Byte 0 and an id of 4 or 8 bytes before it, or the id in a header. */
  | { readonly kind: 'apicurioJson'; readonly idBytes: 4 | 8 }
  /** Bytes 3 and 0 and a UUID before it, or bytes 3 and 5, and the rest is compressed. */
  | { readonly kind: 'glueJson'; readonly bytesMax: number }
  | { readonly kind: 'compressedJson'; readonly compression: Compression; readonly bytesMax: number }
  /** Any bytes, which become a JSON string in base64. */
  | { readonly kind: 'rawBytes' }
  /** Parts as they stand, which `routed-part.ts` tells of. */
  | { readonly kind: 'routedPart' }
