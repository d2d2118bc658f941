import { crc32c } from '@node-rs/crc32'
import { ExperimentError } from './experiment-error.ts'

const headerBytes = 61
const crcStart = 21
const compressionMask = 0b111
const controlMask = 0b100000
const transactionalMask = 0b010000

/** A transaction that was aborted, as a fetch response lists it. */
export interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** Where key and value of one record lie in the bytes; a null key or value is empty. */
export type VisitRecord = (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void

/**
 * Visits every record of the Kafka record batches that stand one after the other in `bytes`. A batch that is cut off at
 * the end, as a fetch may leave it, is not visited; control batches hold no records, and those of aborted transactions
 * are passed over, as a `read_committed` consumer does.
 *
 * @throws ExperimentError `EXPERIMENT_BATCH_INVALID` when a batch is compressed, damaged or of another format.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function forEachRecord(bytes: Uint8Array, aborted: readonly Aborted[], visit: VisitRecord): void {
  const begins = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<bigint>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let start = 0
  while (start + headerBytes <= bytes.length) {
    const end = start + 12 + view.getInt32(start + 8)
    if (end > bytes.length) return
    checkBatch(view, bytes, start, end)
    const attributes = view.getInt16(start + 21)
    const isControl = (attributes & controlMask) !== 0
    const producerId = view.getBigInt64(start + 43)
    const lastOffset = Number(view.getBigInt64(start)) + view.getInt32(start + 23)
    while (begins.length > 0 && begins[0]!.firstOffset <= lastOffset) aborting.add(begins.shift()!.producerId)
    if (isControl) aborting.delete(producerId)
    else if ((attributes & transactionalMask) === 0 || !aborting.has(producerId)) {
      visitRecords(bytes, start + headerBytes, end, view.getInt32(start + 57), visit)
    }
    start = end
  }
}

function checkBatch(view: DataView, bytes: Uint8Array, start: number, end: number): void {
  if (end < start + headerBytes) throw invalid('it is shorter than its header')
  if (view.getInt8(start + 16) !== 2) throw invalid(`its format is ${view.getInt8(start + 16)}`)
  if (view.getUint32(start + 17) !== crc32c(bytes.subarray(start + crcStart, end)))
    throw invalid('its checksum is wrong')
  if ((view.getInt16(start + 21) & compressionMask) !== 0) throw invalid('it is compressed')
}

function visitRecords(bytes: Uint8Array, start: number, end: number, recordCount: number, visit: VisitRecord): void {
  let at = start
  for (let i = 0; i < recordCount; i++) {
    const length = readVarint()
    const recordEnd = at + length
    at++ // attributes
    readVarint() // timestamp delta
    readVarint() // offset delta
    const keyStart = skipSized()
    const keyEnd = at
    const valueStart = skipSized()
    const valueEnd = at
    if (valueEnd >= recordEnd || recordEnd > end) throw invalid('a record is longer than its batch')
    visit(keyStart, keyEnd, valueStart, valueEnd)
    at = recordEnd // over the headers
  }

  /** Steps over a length and as many bytes; returns where the bytes begin. */
  function skipSized(): number {
    const length = readVarint()
    const from = at
    at = from + Math.max(length, 0)
    return from
  }

  /** Reads a zigzag varint; of one of more than 32 bits only the size counts here. */
  function readVarint(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw invalid('a record is longer than its batch')
      if (shift < 32) value |= (byte & 127) << shift
      if (byte < 128) return (value >>> 1) ^ -(value & 1)
    }
    throw invalid('a number has more than ten bytes')
  }
}

function invalid(reason: string): ExperimentError {
  return new ExperimentError('EXPERIMENT_BATCH_INVALID', `A record batch of the result cannot be read: ${reason}.`, {
    reason,
  })
}
