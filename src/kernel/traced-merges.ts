import { TRACED } from './constants/carried.ts'
import {
  mergedPartBytes,
  mergeHeadBytes,
  partCarriedLengthAt,
  partCountAt,
  partOffsetAt,
  partPartitionAt,
  partTimestampAt,
} from './constants/traced-merge.ts'
import type { CarryingPart } from './pending-row.ts'

/** Whether the trace of a part is followed. */
export function isFollowed<Part extends Pick<CarryingPart, 'carried'>>(
  part: Part,
): part is Part & { carried: Uint8Array } {
  return part.carried !== undefined && (part.carried[0]! & TRACED) !== 0
}

/** A merge of these parts as the table tells of those that it writes: `assembly/traced-merges.ts` draws it. */
export function tracedMerge(parts: readonly CarryingPart[]): Uint8Array {
  const carried = parts.map((part) => (isFollowed(part) ? part.carried : none))
  const length = carried.reduce((sum, each) => sum + mergedPartBytes + each.length, mergeHeadBytes)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, true)
  view.setUint32(partCountAt, parts.length, true)
  let at = mergeHeadBytes
  for (const [index, { side, partition, offset, timestamp }] of parts.entries()) {
    const followed = carried[index]!
    view.setUint32(at, side, true)
    view.setUint32(at + partPartitionAt, partition, true)
    view.setFloat64(at + partOffsetAt, offset, true)
    view.setFloat64(at + partTimestampAt, timestamp, true)
    view.setUint32(at + partCarriedLengthAt, followed.length, true)
    bytes.set(followed, at + mergedPartBytes)
    at += mergedPartBytes + followed.length
  }
  return bytes
}

const none = new Uint8Array(0)

/** The parts of each merge that was told; what they carry lies in its bytes. */
export function* readTracedMerges(merges: Uint8Array): Generator<CarryingPart[]> {
  const view = new DataView(merges.buffer, merges.byteOffset, merges.length)
  for (let start = 0; start < merges.length; start += view.getUint32(start, true)) {
    const parts: CarryingPart[] = []
    let at = start + mergeHeadBytes
    for (let count = view.getUint32(start + partCountAt, true); count > 0; count--) {
      const carriedLength = view.getUint32(at + partCarriedLengthAt, true)
      const carriedAt = at + mergedPartBytes
      parts.push({
        side: view.getUint32(at, true),
        partition: view.getUint32(at + partPartitionAt, true),
        offset: view.getFloat64(at + partOffsetAt, true),
        timestamp: view.getFloat64(at + partTimestampAt, true),
        carried: carriedLength === 0 ? undefined : merges.subarray(carriedAt, carriedAt + carriedLength),
      })
      at = carriedAt + carriedLength
    }
    yield parts
  }
}

/** Where the first merges end, so many of them. */
export function endOfMerges(merges: Uint8Array, count: number): number {
  const view = new DataView(merges.buffer, merges.byteOffset, merges.length)
  let end = 0
  for (; count > 0; count--) end += view.getUint32(end, true)
  return end
}
