import { writeVarint } from './output-batch.ts'

/**
 * Header of a merged record that says where its parts came from: partition and offset in the source of each side's part, in
 * declared order, as zigzag varints; of a side that has no part, -1 and -1.
 */
export const originsHeaderName = 'millrace.origins'

/** How the headers begin of a record that has no other: their count, and the name. Padded for four-byte copies. */
export const originsPrefixLength = 2 + originsHeaderName.length
export const originsPrefix = new DataView(new ArrayBuffer(originsPrefixLength + 4))
const prefixBytes = new Uint8Array(originsPrefix.buffer)
prefixBytes.set(
  Buffer.from(originsHeaderName),
  writeVarint(prefixBytes, writeVarint(prefixBytes, 0, 1), originsHeaderName.length),
)
